import { Injectable } from '@nestjs/common';

import type { StoredDecision } from './stored-decision.js';

/** Tells, inside this process, which rows of a run were written; who listens reads them himself. */
@Injectable()
export class DecisionFeed {
  readonly #listeners = new Map<string, Set<(seq: number) => void>>();

  /** After the rows are committed. */
  written(rows: readonly StoredDecision[]): void {
    for (const { runId, seq } of rows) {
      for (const listener of this.#listeners.get(runId) ?? []) listener(seq);
    }
  }

  /** Calls `listener` with the number of each row that is new or changed until the answer is called. */
  subscribe(runId: string, listener: (seq: number) => void): () => void {
    const listeners = this.#listeners.get(runId) ?? new Set();
    this.#listeners.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(runId);
    };
  }
}
