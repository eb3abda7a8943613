import { StartupError } from '../kernel/startup-error.js';
import { nameOfHolder, type LockHolder } from './lock-holder.js';

/** Another process has the data directory. */
export class DataDirectoryInUse extends StartupError {
  constructor(
    directory: string,
    /** `null` where the kernel does not tell. */
    readonly holder: LockHolder | null,
  ) {
    const who = nameOfHolder(holder);
    super(`DATA_DIR ${directory} is in use by ${who}: stop it, or name another directory`);
    this.name = 'DataDirectoryInUse';
  }
}
