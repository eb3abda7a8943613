import { StartupError } from '../kernel/startup-error.js';
import { nameOfHolder, type LockHolder } from '../persistence/lock-holder.js';

/** Another process has the directory of workspaces. */
export class WorkspacesInUse extends StartupError {
  constructor(directory: string, holder: LockHolder | null) {
    super(
      `RISOLUTO_WORKSPACES_DIR ${directory} is in use by ${nameOfHolder(holder)}: ` +
        'stop it, or name another directory',
    );
    this.name = 'WorkspacesInUse';
  }
}
