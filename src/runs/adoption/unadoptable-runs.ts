import { Injectable, Logger } from '@nestjs/common';

import { AgentAttempts } from '../agents/agent-attempts.js';
import { CANCELLED } from '../run-closing.js';
import type { RunOutcome } from '../run-outcome.js';
import { RunQueue } from '../run-queue.js';
import type { RunEntity } from '../run.entity.js';
import { FinishStep } from '../steps/finish.step.js';
import { CONTAINER_GONE } from './adoptable-run.js';

/** Settles a run that was left in mid-life without anything on this machine to go on with. */
@Injectable()
export class UnadoptableRuns {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly finish: FinishStep,
    private readonly queue: RunQueue,
    private readonly attempts: AgentAttempts,
  ) {}

  /**
   * One whose outcome was stored gets it, one whose command had not begun waits again, and so does an
   * agent that may be started again; any other is lost.
   */
  async settle(run: RunEntity): Promise<void> {
    this.#logger.warn(`run ${run.id} was interrupted while ${run.status}`);
    if (run.outcome !== null) {
      await this.finish.close(run.id, JSON.parse(run.outcome) as RunOutcome);
    } else if (run.status === 'preparing' && run.cancelRequestedAt !== null) {
      await this.finish.close(run.id, CANCELLED);
    } else if (run.status === 'preparing') {
      await this.queue.putBack(run.id);
    } else if (await this.attempts.again(run.id, 0)) {
      await this.queue.putBack(run.id);
    } else {
      await this.finish.close(run.id, CONTAINER_GONE);
    }
  }
}
