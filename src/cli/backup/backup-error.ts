import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-codes.js';
import { offlineError } from '../offline/offline-error.js';
import { BackupUnreadable } from './archive-reader.js';
import { BackupRefused } from './backup-refused.js';

/** As the command line tells it. */
export function backupError(file: string, error: unknown): unknown {
  if (error instanceof BackupRefused) {
    return new CliError(EXIT.refused, error.message, { code: 'backup_refused' });
  }
  if (error instanceof BackupUnreadable) {
    return new CliError(EXIT.refused, `${file} is no whole backup: ${error.message}`, {
      code: 'backup_unreadable',
    });
  }
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new CliError(EXIT.refused, `the disk is full: nothing was kept (${code})`, { code });
  }
  if (typeof code === 'string' && typeof path === 'string') {
    return new CliError(EXIT.refused, `${path} cannot be used (${code})`, { code });
  }
  return offlineError(error);
}
