import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';

import { ContainerEngine } from './container-engine.js';

const RETRY_MS = 5000;
/** A create that was given up may still be carried out by an engine that hangs. */
const MAY_APPEAR_MS = 120_000;

/**
 * Containers that could not be removed, or whose creation was not answered, because the engine was
 * away: nobody has them, so they are removed when it is back.
 */
@Injectable()
export class LateRemovals implements OnModuleDestroy {
  readonly #logger = new Logger('Sandboxes');
  /** By id or name, with the moment from which one that is not there never will be. */
  readonly #waiting = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly engine: ContainerEngine) {}

  /** It exists, or did. */
  add(idOrName: string): void {
    this.#wait(idOrName, 0);
  }

  /** It may come to exist although its creation failed. */
  addUnanswered(name: string): void {
    this.#wait(name, performance.now() + MAY_APPEAR_MS);
  }

  onModuleDestroy(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting.clear();
  }

  #wait(idOrName: string, until: number): void {
    this.#waiting.set(idOrName, until);
    this.#timer ??= setTimeout(() => void this.#tryAll(), RETRY_MS).unref();
  }

  async #tryAll(): Promise<void> {
    for (const [idOrName, until] of this.#waiting) {
      try {
        await this.engine.removeContainer(idOrName);
        if (performance.now() >= until) this.#waiting.delete(idOrName);
      } catch (error) {
        this.#logger.debug(`a container could not be removed yet: ${String(error)}`);
      }
    }
    this.#timer = null;
    for (const [idOrName, until] of this.#waiting) this.#wait(idOrName, until);
  }
}
