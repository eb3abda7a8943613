import type { Transaction } from '../persistence/transactions.js';
import type { RunOutcome } from './run-outcome.js';

export interface StartedRun {
  readonly id: string;
  readonly issue: string;
  /** When its first command may begin. Milliseconds since 1970, as all times here. */
  readonly startedAt: number;
}

export interface FinishedRun extends RunOutcome {
  readonly id: string;
  readonly issue: string;
  /** Of its last turn; `null` where that never began. */
  readonly startedAt: number | null;
  /** When the command of its last turn was over; `null` where nobody saw that. */
  readonly endedAt: number | null;
  readonly finishedAt: number;
}

/**
 * Is told inside the transaction in which a run starts or finishes, so that what it writes is there
 * after a crash exactly if the run's new state is. It does nothing but SQL through the transaction,
 * and what it throws takes the run's move back: it must not fail where the database does not.
 */
export abstract class RunListener {
  /** Once a run, before its first command begins. */
  abstract started(tx: Pick<Transaction, 'manager'>, run: StartedRun): Promise<void>;

  /** Once a run, however it ends; `started` may not have been told before. */
  abstract finished(tx: Pick<Transaction, 'manager'>, run: FinishedRun): Promise<void>;
}

/** Where modules above hand in theirs when they are made. */
export class RunListeners {
  readonly #listeners: RunListener[] = [];

  register(listener: RunListener): void {
    this.#listeners.push(listener);
  }

  async started(manager: Transaction['manager'], run: StartedRun): Promise<void> {
    for (const listener of this.#listeners) await listener.started({ manager }, run);
  }

  async finished(manager: Transaction['manager'], run: FinishedRun): Promise<void> {
    for (const listener of this.#listeners) await listener.finished({ manager }, run);
  }
}
