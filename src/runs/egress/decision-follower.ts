import { Injectable } from '@nestjs/common';

import { DecisionTrail } from '../../egress/decisions/decision-trail.js';
import { openFilesLimit, shareOut } from '../../kernel/open-files.js';
import { Places } from '../places.js';
import { ChangeWaiter } from '../run-changes.js';
import { RunSignals } from '../run-signals.js';
import { isFinal, type RunStatus } from '../run-status.js';
import { RunRepository } from '../run.repository.js';
import { DecisionReading, type DecisionNews, type DecisionsFrom } from './decision-reading.js';

/** What a follower is told, in order. */
export type DecisionEvent =
  | DecisionNews
  | { kind: 'idle' }
  | { kind: 'end'; status: RunStatus; exitCode: number | null }
  | { kind: 'stopping' };

const HEARTBEAT_MS = 15_000;
const MOST_FOLLOWERS = 256;

/** Reads a run's decisions as they come. */
@Injectable()
export class DecisionFollower {
  readonly #places = new Places(Math.min(MOST_FOLLOWERS, shareOut(openFilesLimit()).outputReaders));

  constructor(
    private readonly trail: DecisionTrail,
    private readonly runs: RunRepository,
    private readonly signals: RunSignals,
  ) {}

  /**
   * A place for one more follower of this client address; call the answer when it is done.
   *
   * @throws DomainError `too_many_streams`
   */
  enter(clientAddress: string): () => void {
    return this.#places.take(clientAddress);
  }

  /** What is stored, and what comes until the run has finished, the service stops or `gone` fires. */
  async *follow(from: DecisionsFrom, gone: AbortSignal): AsyncGenerator<DecisionEvent> {
    const waiter = new ChangeWaiter(this.signals.changes, from.runId);
    const reading = new DecisionReading(this.trail, from, () => waiter.poke());
    gone.addEventListener('abort', () => waiter.poke());
    const unlisten = this.signals.onStopping(() => waiter.poke());
    try {
      for (;;) {
        if (gone.aborted) return;
        // The state is read first: what was decided of a finished run is all stored.
        const run = await this.runs.find(from.runId);
        yield* reading.news();
        if (run === null) return;
        if (isFinal(run.status)) {
          yield { kind: 'end', status: run.status, exitCode: run.exitCode };
          return;
        }
        if (this.signals.stopping) {
          yield { kind: 'stopping' };
          return;
        }
        if (!(await waiter.wait(HEARTBEAT_MS))) yield { kind: 'idle' };
      }
    } finally {
      unlisten();
      reading.close();
      waiter.close();
    }
  }
}
