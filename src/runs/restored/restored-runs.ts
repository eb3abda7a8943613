import { Injectable } from '@nestjs/common';

import type { Origin } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import type { RunOutcome } from '../run-outcome.js';
import { RunStates } from '../run-states.js';
import type { RunEntity } from '../run.entity.js';
import { RunRepository } from '../run.repository.js';

const AT_A_TIME = 500;

const MAY_HAVE_RUN: RunOutcome = {
  status: 'lost',
  exitCode: null,
  reason: 'restored_from_backup',
  message: 'It was queued or running when the backup was made, and may have run since.',
};

/** The runs of a backup, in a data directory that no service has used since it was unpacked. */
@Injectable()
export class RestoredRuns {
  constructor(
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly states: RunStates,
  ) {}

  /**
   * Ends every run that was not finished, so that none runs twice: as what it, or the last turn of
   * one that was idle, was found to be, where that was stored, else as `lost`. Answers how many.
   */
  async end(origin: Origin): Promise<number> {
    for (let ended = 0; ;) {
      const unfinished = await this.runs.unfinished(AT_A_TIME);
      if (unfinished.length === 0) return ended;
      await Promise.all(unfinished.map((run) => this.#end(run, origin)));
      ended += unfinished.length;
    }
  }

  async #end(run: RunEntity, origin: Origin): Promise<void> {
    const known = run.outcome === null ? null : (JSON.parse(run.outcome) as RunOutcome);
    const outcome = known ?? MAY_HAVE_RUN;
    await this.transactions.run(origin, async (tx) => {
      await this.states.end(tx.manager, run, outcome);
      const { status, exitCode, reason } = outcome;
      const details = { issue: run.issue, status, exitCode, reason };
      tx.audit({ action: 'run.finished', target: run.id, details });
    });
  }
}
