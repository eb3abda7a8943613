import { Injectable, Logger } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import { HelperContainers } from '../sandbox/helper-containers.js';
import { Sandboxes } from '../sandbox/sandboxes.js';
import { RunNetwork } from './run-network.js';
import type { RunOutcome } from './run-outcome.js';
import { RunQueue } from './run-queue.js';
import type { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';
import { FinishStep } from './steps/finish.step.js';

const LOST: RunOutcome = {
  status: 'lost',
  exitCode: null,
  reason: 'service_restarted',
  message: 'The service ended while the command ran; the command was ended too.',
};

const CANCELLED: RunOutcome = {
  status: 'cancelled',
  exitCode: null,
  reason: 'cancelled',
  message: null,
};

/**
 * Gives every run that an earlier process left in mid-life a true state: one whose outcome was
 * stored gets it, one whose command had not begun waits again, any other is lost. Their containers
 * are removed; none is adopted.
 */
@Injectable()
export class InterruptedRuns {
  readonly #logger = new Logger('Runs');
  #settled = false;

  constructor(
    private readonly runs: RunRepository,
    private readonly sandboxes: Sandboxes,
    private readonly network: RunNetwork,
    private readonly finish: FinishStep,
    private readonly queue: RunQueue,
    private readonly helpers: HelperContainers,
  ) {}

  /** Once a process, before its first run and with the engine there. */
  async settle(): Promise<void> {
    if (this.#settled) return;
    await this.helpers.removeAll();
    await this.sandboxes.removeAllOf();
    await this.network.removeFiles();
    for (const run of await this.runs.interrupted()) await this.#settle(run);
    this.#settled = true;
  }

  /** One row that cannot be settled must not keep all other runs waiting. */
  async #settle(run: RunEntity): Promise<void> {
    try {
      await this.#settleOne(run);
    } catch (error) {
      if (error instanceof DomainError) throw error;
      this.#logger.error(`run ${run.id} cannot be settled`, error);
    }
  }

  async #settleOne(run: RunEntity): Promise<void> {
    this.#logger.warn(`run ${run.id} was interrupted while ${run.status}`);
    if (run.outcome !== null) {
      await this.finish.close(run.id, JSON.parse(run.outcome) as RunOutcome);
    } else if (run.status === 'preparing' && run.cancelRequestedAt !== null) {
      await this.finish.close(run.id, CANCELLED);
    } else if (run.status === 'preparing') {
      await this.queue.putBack(run.id);
    } else {
      await this.finish.close(run.id, LOST);
    }
  }
}
