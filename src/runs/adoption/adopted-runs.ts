import { Injectable, Logger } from '@nestjs/common';

import { ActiveRuns } from '../active-runs.js';
import { RunExecutor } from '../run-executor.js';
import type { AdoptableRun } from './adoptable-run.js';

/** Runs of an earlier process that go on in this one; they count as its own. */
@Injectable()
export class AdoptedRuns {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly executor: RunExecutor,
    private readonly active: ActiveRuns,
  ) {}

  goOn(adoptable: AdoptableRun): void {
    this.active.add(this.#execute(adoptable));
  }

  async #execute(adoptable: AdoptableRun): Promise<void> {
    try {
      await this.executor.adopt(adoptable);
    } catch (error) {
      this.#logger.error(`run ${adoptable.run.id} could not be brought to its end`, error);
    }
  }
}
