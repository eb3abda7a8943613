import { StartupError } from '../kernel/startup-error.js';
import type { CipherRing } from './crypto/cipher-ring.js';
import type { Sealed } from './crypto/sealed.js';
import type { RowsUnder } from './rows-under.js';

const TO_CHANGE =
  'to change the key, set the new one as MASTER_KEY and the one before as MASTER_KEY_PREVIOUS';

/**
 * Whether the keys are right for what is stored, and whether the one before is still needed.
 * @param checks all that are stored
 * @param rows what decides without a check
 * @throws StartupError that says which key is missing
 */
export function judgeChecks(
  { current, previous }: CipherRing,
  checks: readonly Sealed[],
  rows: RowsUnder,
): 'settled' | 'pending' {
  if (checks.length === 0) {
    if (rows === 'neither') throw wrongKey(previous !== null, false);
    return rows === 'previous' ? 'pending' : 'settled';
  }
  const underCurrent = checks.filter((check) => current.opensKeyCheck(check));
  if (underCurrent.length === checks.length) return 'settled';
  const known = checks.filter(
    (check) => underCurrent.includes(check) || previous?.opensKeyCheck(check),
  );
  if (known.length < checks.length) throw wrongKey(previous !== null, known.length > 0);
  return 'pending';
}

function wrongKey(hasPrevious: boolean, opensPart: boolean): StartupError {
  if (opensPart && !hasPrevious) {
    return new StartupError(
      `The stored secrets are under two keys, since a change of the key has begun and not ended, and MASTER_KEY is one of them: set the new one as MASTER_KEY and the one before as MASTER_KEY_PREVIOUS`,
    );
  }
  if (opensPart) {
    return new StartupError(
      `MASTER_KEY_PREVIOUS is not the other key that the stored secrets were encrypted with, beside MASTER_KEY: set the one that was MASTER_KEY before`,
    );
  }
  if (hasPrevious) {
    return new StartupError(
      `Neither MASTER_KEY nor MASTER_KEY_PREVIOUS is the key that the stored secrets were encrypted with: set that one as MASTER_KEY_PREVIOUS`,
    );
  }
  return new StartupError(
    `MASTER_KEY is not the key that the stored secrets were encrypted with: start with that one, or without any to start with the secrets locked; ${TO_CHANGE}`,
  );
}
