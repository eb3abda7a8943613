import {
  notChecked,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { lines } from '../shell.js';
import type { Acknowledgements, BackupFacts } from '../acknowledgements.js';

const LEAST_KEY_LENGTH = 32;
const MAKE_KEY = lines(
  '(umask 077 && openssl rand -base64 32 > risoluto-master.key)',
  'export MASTER_KEY_FILE="$PWD/risoluto-master.key"',
);

export const CHANGE_KEY = lines(
  MAKE_KEY,
  '# start the service anew with both, then',
  'npx risoluto secrets rotate-key',
);

/** Whether secrets can be stored, under a key that cannot be guessed. `length`: `null` without one. Pure. */
export function judgeMasterKey(length: number | null): HardeningFinding {
  if (length === null) {
    return warned(
      'No master key is set, so secrets are locked. Then start the service anew with one.',
      MAKE_KEY,
    );
  }
  if (length < LEAST_KEY_LENGTH) {
    return warned(
      `The master key has ${length} characters, and who has the database could guess it. Make a new one, and set the one before as MASTER_KEY_PREVIOUS; then let everything pass to it.`,
      CHANGE_KEY,
    );
  }
  return passed('A master key is set.');
}

export class MasterKeyCheck implements HardeningCheck {
  readonly id = 'master-key';
  readonly title = 'Master key';
  readonly kind = 'quick';

  constructor(private readonly length: number | null) {}

  check(): Promise<HardeningFinding> {
    return Promise.resolve(judgeMasterKey(this.length));
  }
}

/** Whether somebody has said that a copy of the key exists elsewhere. Pure. */
export function judgeBackup({ locked, acknowledgedAt, by }: BackupFacts): HardeningFinding {
  if (locked) return notChecked('no master key is set, so there is none to back up');
  if (acknowledgedAt !== null) {
    const at = new Date(acknowledgedAt).toISOString();
    return passed(`A backup of this master key was acknowledged at ${at} by ${by ?? 'unknown'}.`);
  }
  return warned(
    'Nobody has acknowledged a backup of this master key; without it the stored secrets are lost with this machine. Put a copy elsewhere than the backups of the data directory, then say so; with --key-file COPY it is compared with the key in use first.',
    'npx risoluto doctor --acknowledge master-key-backup',
  );
}

export class MasterKeyBackupCheck implements HardeningCheck {
  readonly id = 'master-key-backup';
  readonly title = 'Master key backed up';
  readonly kind = 'quick';

  constructor(private readonly acknowledgements: Acknowledgements) {}

  async check(): Promise<HardeningFinding> {
    return judgeBackup(await this.acknowledgements.masterKeyBackup());
  }
}
