import { Injectable } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { Transactions } from '../persistence/transactions.js';
import type { WaitingReason } from './run-view.js';
import type { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';
import { WaitingRoom } from './waiting-room.js';
import { HeldWorkspaces } from './workspaces/held-workspaces.js';

/** The line of waiting runs. A run is in it from the commit that made it. */
export abstract class RunQueue {
  /**
   * Takes the run that has waited longest and whose workspace nobody else uses; it is `preparing`
   * from then on and nobody else gets it. `null` when there is none.
   */
  abstract take(): Promise<RunEntity | null>;

  /**
   * Puts a run that was taken, and of which nothing has happened yet, back to its old place. With a
   * reason, `take` passes over it and its issue for a while, which grows each time (0.5 s to 15 s).
   */
  abstract putBack(runId: string, reason?: WaitingReason): Promise<void>;
}

/** The queue is the rows themselves: nothing to lose beside them. */
@Injectable()
export class DatabaseRunQueue extends RunQueue {
  constructor(
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly held: HeldWorkspaces,
    private readonly room: WaitingRoom,
    private readonly clock: Clock,
  ) {
    super();
  }

  take(): Promise<RunEntity | null> {
    return this.transactions.run(SYSTEM_ORIGIN, async ({ manager }) => {
      const run = await this.runs.nextQueued(manager, [...this.held.issues, ...this.room.issues]);
      if (run === null) return null;
      const preparingAt = this.clock.now();
      await this.runs.transition(manager, run.id, 'preparing', { preparingAt });
      return Object.assign(run, { status: 'preparing' as const, preparingAt });
    });
  }

  async putBack(runId: string, reason?: WaitingReason): Promise<void> {
    if (reason !== undefined) await this.#putOff(runId, reason);
    await this.transactions.run(SYSTEM_ORIGIN, async ({ manager }) => {
      await this.runs.transition(manager, runId, 'queued', { preparingAt: null });
    });
  }

  /** Before the row says that it waits: from then on anybody may take it. */
  async #putOff(runId: string, reason: WaitingReason): Promise<void> {
    const run = await this.runs.find(runId);
    if (run !== null) this.room.putOff(run, reason);
  }
}
