import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { DecisionTrail } from '../../egress/decisions/decision-trail.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import type { RetentionTask } from '../../kernel/retention.js';
import { BelievedTime } from '../../persistence/believed-time.js';
import { Transactions } from '../../persistence/transactions.js';
import { OutputLog } from '../output/output-log.js';
import { RunRepository } from '../run.repository.js';

const DAY_MS = 86_400_000;
const AT_A_TIME = 200;
/** Of the decisions that go with them: others write too. */
const DECISIONS_AT_A_TIME = 20_000;

/** Removes runs that finished long ago, with their output and their decisions. */
@Injectable()
export class ExpiredRuns implements RetentionTask {
  readonly name = 'runs';

  constructor(
    private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly log: OutputLog,
    private readonly time: BelievedTime,
    private readonly decisions: DecisionTrail,
  ) {}

  /** The rows first: output without a row is removed by `OutputUpkeep`, and no row may lie. */
  async removeSome(): Promise<number> {
    const { runsDays } = this.settings.retention;
    if (runsDays === 0) return 0;
    const now = await this.time.now();
    if (now === null) return 0;
    const before = now - runsDays * DAY_MS;
    const expired = await this.runs.finishedBefore(before, AT_A_TIME);
    if (expired.length === 0) return 0;
    const ids = await this.decisions.within(expired, DECISIONS_AT_A_TIME);
    await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      await this.runs.remove(tx.manager, ids);
      await this.decisions.remove(tx.manager, ids);
      const details = { count: ids.length, finishedBefore: new Date(before).toISOString() };
      tx.audit({ action: 'runs.expired', target: 'runs', details });
    });
    for (const id of ids) await this.log.remove(id);
    return ids.length;
  }
}
