import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { StartupError } from '../../kernel/startup-error.js';

/**
 * Where a service has already been, and whose files are this user's: a directory made by mistake
 * would take secrets that no service ever reads, and files of another user's would keep the service
 * from starting.
 *
 * @throws StartupError
 */
export async function assertExisting(dataDir: string): Promise<void> {
  const database = await stat(join(dataDir, 'risoluto.db')).catch(nullIfMissing);
  if (database === null) {
    throw new StartupError(
      `no service has used DATA_DIR ${dataDir} yet: set DATA_DIR as for the service, or start it once`,
    );
  }
  const user = process.geteuid?.();
  if (user !== undefined && database.uid !== user) {
    throw new StartupError(
      `DATA_DIR ${dataDir} belongs to the user with id ${database.uid}, and this is ${user}: do it as that user`,
    );
  }
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw new StartupError(`DATA_DIR cannot be looked at (${error.code ?? error.message})`, {
    cause: error,
  });
}
