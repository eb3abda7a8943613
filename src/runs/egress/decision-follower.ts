import { Injectable } from '@nestjs/common';

import { DecisionTrail } from '../../egress/decisions/decision-trail.js';
import { openFilesLimit, shareOut } from '../../kernel/open-files.js';
import { followRun, type RunStanding } from '../follow-run.js';
import { Places } from '../places.js';
import { RunSignals } from '../run-signals.js';
import { RunRepository } from '../run.repository.js';
import { DecisionReading, type DecisionNews, type DecisionsFrom } from './decision-reading.js';

/** What a follower is told, in order. */
export type DecisionEvent = DecisionNews | RunStanding;

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
  follow(from: DecisionsFrom, gone: AbortSignal): AsyncGenerator<DecisionEvent> {
    const open = (wake: () => void) => new DecisionReading(this.trail, from, wake);
    return followRun({ runs: this.runs, signals: this.signals }, { runId: from.runId, open }, gone);
  }
}
