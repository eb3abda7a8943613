import type { CipherRing } from './crypto/cipher-ring.js';
import type { StoredSecret } from './crypto/sealed.js';
import { DecryptionError, type SecretCipher } from './crypto/secret-cipher.js';
import type { SecretsRepository } from './secrets.repository.js';

const ROWS_AT_A_TIME = 100;

/** `none`: there is no row. `neither`: there are, and no key opens one of them. */
export type RowsUnder = 'none' | 'current' | 'previous' | 'neither';

/** Which of the keys opens rows of the database; the key before counts where both do. */
export async function rowsUnder(
  { current, previous }: CipherRing,
  secrets: Pick<SecretsRepository, 'some'>,
): Promise<RowsUnder> {
  let rows = await secrets.some('', ROWS_AT_A_TIME);
  let found: RowsUnder = rows.length === 0 ? 'none' : 'neither';
  while (rows.length > 0) {
    if (previous && rows.some((row) => opens(previous, row))) return 'previous';
    if (rows.some((row) => opens(current, row))) {
      if (!previous) return 'current';
      found = 'current';
    }
    rows = await secrets.some(rows.at(-1)?.key ?? '', ROWS_AT_A_TIME);
  }
  return found;
}

function opens(cipher: SecretCipher, row: StoredSecret): boolean {
  try {
    cipher.open(row);
    return true;
  } catch (error) {
    if (error instanceof DecryptionError) return false;
    throw error;
  }
}
