import { Injectable } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import type { TurnControls } from './codex/outside.js';

interface LiveTurn {
  readonly turn: number;
  readonly controls: TurnControls;
}

/** The turns that agents of this process lead now and that people may speak to. */
@Injectable()
export class LiveTurns {
  readonly #turns = new Map<string, LiveTurn>();

  /** Answers with what is called when it is over. */
  present(runId: string, turn: number, controls: TurnControls): () => void {
    const live = { turn, controls };
    this.#turns.set(runId, live);
    return () => {
      if (this.#turns.get(runId) === live) this.#turns.delete(runId);
    };
  }

  /** @throws DomainError `turn_not_steerable` */
  current(runId: string): LiveTurn {
    const live = this.#turns.get(runId);
    if (live !== undefined) return live;
    throw new DomainError(
      'turn_not_steerable',
      'No turn of the run goes on that takes messages; start one, or wait until its agent has begun',
    );
  }
}
