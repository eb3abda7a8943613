import { Injectable, Logger } from '@nestjs/common';

import { RunSignals } from './run-signals.js';

const RETRY_MS = 5000;

interface Leftover {
  readonly runId: string;
  readonly issue: string;
  readonly giveBack: () => Promise<void>;
}

/**
 * What turns could not give back when they ended, because the engine or the fence did not let them.
 * A further turn of the same run waits for it.
 */
@Injectable()
export class Leftovers {
  /** A run that was put back in the queue may have left more than one thing. */
  readonly #waiting = new Set<Leftover>();
  readonly #logger = new Logger('Runs');
  #removing = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly signals: RunSignals) {}

  /** Tried again every few seconds until it works. */
  add(runId: string, issue: string, giveBack: () => Promise<void>): void {
    this.#waiting.add({ runId, issue, giveBack });
    this.#schedule();
  }

  /** Whether a sandbox of the issue may still be there. */
  has(issue: string): boolean {
    return [...this.#waiting].some((one) => one.issue === issue);
  }

  /** The runs that have left something. */
  get runIds(): readonly string[] {
    return [...new Set([...this.#waiting].map(({ runId }) => runId))];
  }

  /** Tries again; what still fails is kept for the next time. */
  async remove(): Promise<void> {
    if (this.#removing) return;
    this.#removing = true;
    let removed = 0;
    for (const leftover of this.#waiting) {
      try {
        await leftover.giveBack();
        this.#waiting.delete(leftover);
        removed += 1;
      } catch (error) {
        this.#logger.warn(`run ${leftover.runId}: its sandbox could not be removed yet`, error);
      }
    }
    this.#removing = false;
    this.#schedule();
    if (removed > 0) this.signals.queued();
  }

  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => void this.remove(), RETRY_MS);
    this.#timer.unref();
  }
}
