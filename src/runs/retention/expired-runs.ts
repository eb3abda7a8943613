import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import type { RetentionTask } from '../../kernel/retention.js';
import { BelievedTime } from '../../persistence/believed-time.js';
import { Transactions } from '../../persistence/transactions.js';
import { OutputLog } from '../output/output-log.js';
import { RunRepository } from '../run.repository.js';
import { SurplusRuns } from './surplus-runs.repository.js';

const DAY_MS = 86_400_000;
const AT_A_TIME = 200;

/** Removes runs that finished long ago, and the oldest of too many, with their output. */
@Injectable()
export class ExpiredRuns implements RetentionTask {
  readonly name = 'runs';

  constructor(
    private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly log: OutputLog,
    private readonly time: BelievedTime,
    private readonly surplus: SurplusRuns,
  ) {}

  async removeSome(): Promise<number> {
    return (await this.#removeOld()) || this.#removeSurplus();
  }

  async #removeOld(): Promise<number> {
    const { runsDays } = this.settings.retention;
    if (runsDays === 0) return 0;
    const now = await this.time.now();
    if (now === null) return 0;
    const before = now - runsDays * DAY_MS;
    const ids = await this.runs.finishedBefore(before, AT_A_TIME);
    return this.#remove(ids, { finishedBefore: new Date(before).toISOString() });
  }

  async #removeSurplus(): Promise<number> {
    const { maxRuns } = this.settings.retention;
    if (maxRuns === 0) return 0;
    return this.#remove(await this.surplus.oldest(maxRuns, AT_A_TIME), { maxRuns });
  }

  /** The rows first: output without a row is removed by `OrphanedOutput`, and no row may lie. */
  async #remove(ids: readonly string[], why: Record<string, string | number>): Promise<number> {
    if (ids.length === 0) return 0;
    await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      await this.runs.remove(tx.manager, ids);
      const details = { count: ids.length, ...why };
      tx.audit({ action: 'runs.expired', target: 'runs', details });
    });
    for (const id of ids) await this.log.remove(id);
    return ids.length;
  }
}
