import { statSync } from 'node:fs';

import type { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import type { Readiness, ReadinessProbe } from '../kernel/readiness.js';
import type { Transactions } from './transactions.js';

const FRESH_MS = 3000;
const PATIENCE_MS = 1500;

/** Writes one row, durably, to know that the database can be written; at most every three seconds. */
export class DatabaseProbe implements ReadinessProbe {
  readonly name = 'database';
  readonly #inode: number;
  #last: { at: number; readiness: Readiness } | null = null;
  #running: Promise<Readiness> | null = null;

  constructor(
    private readonly file: string,
    private readonly transactions: Transactions,
    private readonly clock: Clock,
  ) {
    this.#inode = statSync(file).ino;
  }

  check(): Promise<Readiness> {
    const last = this.#last;
    if (last && this.clock.monotonicMs() - last.at < FRESH_MS)
      return Promise.resolve(last.readiness);
    this.#running ??= this.#try().finally(() => (this.#running = null));
    return this.#running;
  }

  async #try(): Promise<Readiness> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<Readiness>((resolve) => {
      const readiness = failed(`the database did not take a write within ${PATIENCE_MS} ms`);
      timer = setTimeout(() => resolve(readiness), PATIENCE_MS);
    });
    const readiness = await Promise.race([this.#write(), tooLate]);
    clearTimeout(timer);
    this.#last = { at: this.clock.monotonicMs(), readiness };
    return readiness;
  }

  async #write(): Promise<Readiness> {
    if (!this.#isInPlace()) {
      return failed(`${this.file} was removed or replaced under the running service: restart it`);
    }
    try {
      await this.transactions.run(SYSTEM_ORIGIN, (tx) =>
        tx.manager.query('UPDATE storage_probe SET at = ? WHERE id = 1', [this.clock.now()]),
      );
      return { status: 'ok' };
    } catch (error) {
      if (error instanceof DomainError && error.code === 'storage_busy') {
        return { status: 'degraded', reason: 'too many changes are waiting for the database' };
      }
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return failed(`the database cannot be written: ${(cause as Error).message}`);
    }
  }

  #isInPlace(): boolean {
    return statSync(this.file, { throwIfNoEntry: false })?.ino === this.#inode;
  }
}

function failed(reason: string): Readiness {
  return { status: 'failed', reason };
}
