/**
 * - `no_secrets_file`: the text is not in the format
 * - `not_decrypted`: another key, or damaged
 * - `not_importable`: names or values that no secret may have; `names` say which
 * - `exists`: secrets of these names have other values
 * - `file_exists`, `is_the_store`: the target of an export
 */
export type TransferFault =
  | 'no_secrets_file'
  | 'not_decrypted'
  | 'not_importable'
  | 'exists'
  | 'file_exists'
  | 'is_the_store';

/** Nothing was changed. */
export class TransferError extends Error {
  constructor(
    readonly fault: TransferFault,
    /** Of secrets, or the file's; no values. */
    readonly names: readonly string[],
  ) {
    super(fault);
    this.name = 'TransferError';
  }
}
