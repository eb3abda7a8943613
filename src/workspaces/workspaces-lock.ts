import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { Injectable, type OnApplicationShutdown } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { FileLock } from '../persistence/file-lock.js';
import { WorkspacesInUse } from './workspaces-in-use.js';

/** Of the directories that hold workspaces: nobody else of the host comes past them. */
export const PRIVATE = 0o700;

/** No issue's key begins with a dot. */
const NAME = '.lock';

/**
 * Keeps a second process out of the directory of workspaces, which services with data directories
 * side by side share unless told otherwise: each would take what the other has on its way in for
 * something that a crash left.
 */
@Injectable()
export class WorkspacesLock implements OnApplicationShutdown {
  readonly #root: string;
  #held: { lock: FileLock; inode: number } | null = null;
  #taking: Promise<void> | null = null;

  constructor(settings: Settings) {
    this.#root = settings.paths.workspacesDir;
  }

  /**
   * Makes the directory where it is missing, and takes its lock unless this process has it; again
   * where the directory was removed and with it the lock.
   *
   * @throws WorkspacesInUse, the system's error where the directory cannot be written
   */
  async take(): Promise<void> {
    this.#taking ??= this.#take().finally(() => (this.#taking = null));
    return this.#taking;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#held?.lock.release();
    this.#held = null;
  }

  async #take(): Promise<void> {
    const file = join(this.#root, NAME);
    if (this.#held !== null) {
      if ((await inodeOf(file)) === this.#held.inode) return;
      await this.onApplicationShutdown();
    }
    await mkdir(this.#root, { recursive: true, mode: PRIVATE });
    const lock = await FileLock.acquire(file, (holder) => new WorkspacesInUse(this.#root, holder));
    this.#held = { lock, inode: (await inodeOf(file)) ?? 0 };
  }
}

async function inodeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).ino;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
