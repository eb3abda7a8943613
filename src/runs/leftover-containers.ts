import { Injectable, Logger } from '@nestjs/common';

import { Sandboxes } from '../sandbox/sandboxes.js';

/** Runs whose sandbox could not be removed when they ended, because the engine was away. */
@Injectable()
export class LeftoverContainers {
  readonly #runs = new Set<string>();
  readonly #logger = new Logger('Runs');

  constructor(private readonly sandboxes: Sandboxes) {}

  add(runId: string): void {
    this.#runs.add(runId);
  }

  /** Tries again; what still fails is kept for the next time. */
  async remove(): Promise<void> {
    for (const runId of this.#runs) {
      try {
        await this.sandboxes.removeAllOf(runId);
        this.#runs.delete(runId);
      } catch (error) {
        this.#logger.warn(`run ${runId}: its sandbox could not be removed yet`, error);
      }
    }
  }
}
