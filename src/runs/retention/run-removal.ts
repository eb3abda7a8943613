import { Injectable } from '@nestjs/common';

import { DecisionTrail } from '../../egress/decisions/decision-trail.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import { OutputLog } from '../output/output-log.js';
import { RunRepository } from '../run.repository.js';

/** Of the decisions that go with runs in one transaction: others write too. */
const DECISIONS_AT_A_TIME = 20_000;

/** Removes finished runs with their output and their decisions. */
@Injectable()
export class RunRemoval {
  constructor(
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly decisions: DecisionTrail,
    private readonly log: OutputLog,
  ) {}

  /**
   * The first of these, as many as one short transaction takes, and answers how many; `why` goes into
   * the audit. The rows first: output without a row is removed by `OutputUpkeep`, and no row may lie.
   */
  async removeSome(
    finished: readonly string[],
    why: Readonly<Record<string, string | number>>,
  ): Promise<number> {
    if (finished.length === 0) return 0;
    const ids = await this.decisions.within(finished, DECISIONS_AT_A_TIME);
    await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      await this.runs.remove(tx.manager, ids);
      await this.decisions.remove(tx.manager, ids);
      tx.audit({ action: 'runs.expired', target: 'runs', details: { count: ids.length, ...why } });
    });
    for (const id of ids) await this.log.remove(id);
    return ids.length;
  }
}
