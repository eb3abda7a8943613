import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import type { RetentionTask } from '../../kernel/retention.js';
import { BelievedTime } from '../../persistence/believed-time.js';
import { RunRepository } from '../run.repository.js';
import { RunRemoval } from './run-removal.js';
import { SurplusRuns } from './surplus-runs.repository.js';

const DAY_MS = 86_400_000;
const AT_A_TIME = 200;

/** Removes runs that finished long ago, and the oldest of too many, with all that is kept of them. */
@Injectable()
export class ExpiredRuns implements RetentionTask {
  readonly name = 'runs';

  constructor(
    private readonly settings: Settings,
    private readonly runs: RunRepository,
    private readonly surplus: SurplusRuns,
    private readonly removal: RunRemoval,
    private readonly time: BelievedTime,
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
    return this.removal.removeSome(ids, { finishedBefore: new Date(before).toISOString() });
  }

  async #removeSurplus(): Promise<number> {
    const { maxRuns } = this.settings.retention;
    if (maxRuns === 0) return 0;
    return this.removal.removeSome(await this.surplus.oldest(maxRuns, AT_A_TIME), { maxRuns });
  }
}
