import { Injectable } from '@nestjs/common';

import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { Transactions } from '../persistence/transactions.js';
import { LineObstacles } from './line-obstacles.js';
import { RunStates } from './run-states.js';
import type { WaitingReason } from './run-view.js';
import type { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';
import type { TurnRequest } from './turns/turn-request.js';
import { ownRequest, TurnRepository } from './turns/turn.repository.js';
import { WaitingRoom } from './waiting-room.js';

/** A run whose turn is to be executed. */
export interface TakenRun {
  run: RunEntity;
  /** What the turn asked for itself; `null` for the first turn of the run. */
  own: TurnRequest | null;
}

/** The line of waiting turns. A turn is in it from the commit that made it. */
export abstract class RunQueue {
  /**
   * Takes the turn that has waited longest and whose workspace nobody else uses: the first turn of a
   * run, or a further one, whose run has the workspace. The run is `preparing` from then on and
   * nobody else gets it. `null` when there is none.
   */
  abstract take(): Promise<TakenRun | null>;

  /**
   * Puts a turn that was taken, and of which nothing has happened yet, back to its old place. With a
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
    private readonly turns: TurnRepository,
    private readonly states: RunStates,
    private readonly room: WaitingRoom,
    private readonly obstacles: LineObstacles,
  ) {
    super();
  }

  take(): Promise<TakenRun | null> {
    return this.transactions.run(SYSTEM_ORIGIN, async ({ manager }) => {
      const turn = await this.turns.nextInLine(manager, this.obstacles.now);
      const waiting = turn && (await this.runs.findIn(manager, turn.runId));
      if (!turn || !waiting) return null;
      const run = await this.states.prepare(manager, waiting);
      return { run, own: ownRequest(turn) };
    });
  }

  async putBack(runId: string, reason?: WaitingReason): Promise<void> {
    if (reason !== undefined) await this.#putOff(runId, reason);
    await this.transactions.run(SYSTEM_ORIGIN, ({ manager }) =>
      this.states.putBack(manager, runId),
    );
  }

  /** Before the row says that it waits: from then on anybody may take it. */
  async #putOff(runId: string, reason: WaitingReason): Promise<void> {
    const run = await this.runs.find(runId);
    if (run !== null) this.room.putOff(run, reason);
  }
}
