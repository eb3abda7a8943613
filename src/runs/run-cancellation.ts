import { Injectable } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Origin } from '../kernel/origin.js';
import { Transactions, type Transaction } from '../persistence/transactions.js';
import { RunClosing } from './run-closing.js';
import type { RunOutcome } from './run-outcome.js';
import { RunSignals } from './run-signals.js';
import { isFinal } from './run-status.js';
import type { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';

/** What clients do to end a run. */
@Injectable()
export class RunCancellation {
  constructor(
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly closing: RunClosing,
    private readonly signals: RunSignals,
    private readonly clock: Clock,
  ) {}

  /**
   * Ends a run: at once when nothing of it is executed, else by SIGTERM and, ten seconds later,
   * SIGKILL. Asking again changes nothing.
   *
   * @throws DomainError `run_finished`
   */
  async cancel(id: string, origin: Origin): Promise<RunEntity> {
    const { run, closed } = await this.transactions.run(origin, async (tx) => {
      const current = await this.runs.findIn(tx.manager, id);
      if (current === null || isFinal(current.status)) throw finished();
      return { run: current, closed: await this.#cancel(tx, current) };
    });
    if (closed !== null) this.closing.closed(closed);
    this.signals.cancel.request(id);
    this.signals.changes.notify(id);
    // Its workspace is free for the next one.
    if (closed !== null) this.signals.queued();
    return run;
  }

  /** Answers the outcome of a run that is over with it; the run is as it is then. */
  async #cancel(tx: Transaction, run: RunEntity): Promise<RunOutcome | null> {
    const { id, issue, status, outcome, endedAt } = run;
    const cancelRequestedAt = this.clock.now();
    if (status === 'queued' || status === 'idle') {
      // Of a turn that waits this is the end; one that is over has had it.
      const ended = outcome === null ? cancelRequestedAt : endedAt;
      return this.closing.close(tx, run, { cancelRequestedAt, endedAt: ended });
    }
    // One that was put back into the line meanwhile still had to be cancelled there.
    if (run.cancelRequestedAt !== null) return null;
    await this.runs.update(tx.manager, id, { cancelRequestedAt });
    run.cancelRequestedAt = cancelRequestedAt;
    tx.audit({ action: 'run.cancel_requested', target: id, details: { issue } });
    return null;
  }
}

function finished(): DomainError {
  return new DomainError('run_finished', 'The run has finished, so it cannot be cancelled');
}
