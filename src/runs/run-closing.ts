import { Injectable } from '@nestjs/common';

import { Metrics } from '../metrics/metrics.js';
import type { Transaction } from '../persistence/transactions.js';
import type { RunOutcome } from './run-outcome.js';
import { RunStates } from './run-states.js';
import type { RunEntity } from './run.entity.js';

export const CANCELLED: RunOutcome = {
  status: 'cancelled',
  exitCode: null,
  reason: 'cancelled',
  message: null,
};

/** Ends runs of which nothing is being executed. */
@Injectable()
export class RunClosing {
  constructor(
    private readonly states: RunStates,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Ends a run between its turns with the outcome of its last one, and one whose turn waits as
   * `cancelled`, the turn included. Inside a transaction, with its audit row; answers the outcome.
   * Sets what comes with a cancellation, where it is one; the run is as it is then.
   */
  async close(
    tx: Transaction,
    run: RunEntity,
    cancellation?: Pick<RunEntity, 'endedAt' | 'cancelRequestedAt'>,
  ): Promise<RunOutcome> {
    const outcome = lastOutcome(run) ?? CANCELLED;
    await this.states.end(tx.manager, run, outcome, cancellation);
    const { issue } = run;
    const { status, exitCode, reason } = outcome;
    tx.audit(
      outcome === CANCELLED
        ? { action: 'run.cancelled', target: run.id, details: { issue } }
        : { action: 'run.finished', target: run.id, details: { issue, status, exitCode, reason } },
    );
    return outcome;
  }

  /** Once the transaction is durable. */
  closed({ status }: RunOutcome): void {
    this.metrics.runs.inc({ status });
  }
}

function lastOutcome({ outcome }: RunEntity): RunOutcome | null {
  return outcome === null ? null : (JSON.parse(outcome) as RunOutcome);
}
