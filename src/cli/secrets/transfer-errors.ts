import type { TransferError, TransferFault } from '../../secrets/transfer/transfer-error.js';
import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-codes.js';

const MEANINGS: Readonly<Record<TransferFault, string>> = {
  no_secrets_file: 'the file is not in the format of secrets.enc',
  not_decrypted:
    'the file cannot be decrypted: it was encrypted with another master key (--key-file names it), or is damaged',
  not_importable:
    'names that no secret may have (1 to 128 ASCII letters, digits, or . _ : -), or values that are empty or longer than 64 KiB; nothing was set',
  exists:
    'secrets of these names are there with other values; nothing was set (--overwrite replaces them)',
  file_exists: 'the file exists (--overwrite replaces it)',
  is_the_store: 'the secrets are in that file already: RISOLUTO_SECRETS_STORE is file',
};

/** Says what is wrong with a file of secrets. */
export async function transferError<T>(transfer: Promise<T>): Promise<T> {
  try {
    return await transfer;
  } catch (error) {
    if (!isTransferError(error)) throw error;
    const details = error.names.map((name) => ({ field: name, message: error.fault }));
    throw new CliError(EXIT.refused, MEANINGS[error.fault], { code: error.fault, details });
  }
}

/** By its name: to import the class would load the database for every command. */
function isTransferError(error: unknown): error is TransferError {
  return error instanceof Error && error.name === 'TransferError';
}
