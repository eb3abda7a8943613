import { lstat, rmdir, unlink } from 'node:fs/promises';

import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';

import { WorkspaceHost } from './workspace-host.js';
import { WorkspaceShelf } from './workspace-shelf.js';

const RETRY_MS = 30_000;

/** Removes what was put aside, in the background; what fails, the engine being away, is tried again. */
@Injectable()
export class WorkspaceTrash implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('Workspaces');
  #running = false;
  #again = false;
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly shelf: WorkspaceShelf,
    private readonly host: WorkspaceHost,
  ) {}

  onApplicationBootstrap(): void {
    this.collect();
  }

  onModuleDestroy(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  collect(): void {
    this.#again = true;
    if (!this.#running) void this.#collect();
  }

  async #collect(): Promise<void> {
    this.#running = true;
    while (this.#again && !this.#stopped) {
      this.#again = false;
      for (const path of await this.shelf.trash().catch(() => [])) {
        if (!this.#stopped) await this.#remove(path);
      }
    }
    this.#running = false;
  }

  async #remove(path: string): Promise<void> {
    try {
      if ((await lstat(path)).isDirectory()) {
        await this.host.tools.empty(path);
        await rmdir(path);
      } else await unlink(path);
    } catch (error) {
      if (this.#stopped) return;
      this.#logger.warn(`a discarded workspace could not be removed yet: ${path}`, error);
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.collect(), RETRY_MS);
      this.#timer.unref();
    }
  }
}
