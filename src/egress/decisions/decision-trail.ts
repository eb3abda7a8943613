import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { DecisionFeed } from './decision-feed.js';
import {
  EgressDecisions,
  type DecisionFilter,
  type DecisionRange,
} from './egress-decision.repository.js';
import type { StoredDecision } from './stored-decision.js';

/** The decisions of runs, as they are stored. */
@Injectable()
export class DecisionTrail {
  constructor(
    private readonly decisions: EgressDecisions,
    private readonly feed: DecisionFeed,
  ) {}

  /** Oldest first. */
  range(
    runId: string,
    range: DecisionRange,
    filter: DecisionFilter = {},
  ): Promise<StoredDecision[]> {
    return this.decisions.range(runId, range, filter);
  }

  /** Of these numbers, at most 1,000; those that the filter leaves out are not among them. */
  numbered(
    runId: string,
    seqs: readonly number[],
    filter: DecisionFilter = {},
  ): Promise<StoredDecision[]> {
    return this.decisions.numbered(runId, seqs, filter);
  }

  /** Calls `listener` with the number of each row that is new or changed until the answer is called. */
  subscribe(runId: string, listener: (seq: number) => void): () => void {
    return this.feed.subscribe(runId, listener);
  }

  /** As many of the ids, from the first on and one at least, as have this many rows together. */
  async within(runIds: readonly string[], mostRows: number): Promise<string[]> {
    const counts = await this.decisions.counts(runIds);
    let rows = 0;
    const end = runIds.findIndex((id, index) => {
      rows += counts.get(id) ?? 0;
      return index > 0 && rows > mostRows;
    });
    return end < 0 ? [...runIds] : runIds.slice(0, end);
  }

  /** With the runs themselves. */
  remove(manager: EntityManager, runIds: readonly string[]): Promise<void> {
    return this.decisions.remove(manager, runIds);
  }
}
