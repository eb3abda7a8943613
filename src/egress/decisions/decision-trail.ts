import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { Settings } from '../../config/settings.js';
import { suggestEntries } from './allowlist-suggestion.js';
import { DecisionFeed } from './decision-feed.js';
import { EgressDecisions } from './egress-decision.repository.js';
import type { DecisionFilter, DecisionRange, StoredDecision } from './stored-decision.js';

/** `observe`: nothing is refused but what is never reachable. */
export type EgressMode = 'enforce' | 'observe';

export interface AllowlistSuggestion {
  /** The smallest list that lets through all that was allowed. */
  readonly allowlist: readonly string[];
  /** What more it takes for what was denied because it was not listed. */
  readonly denied: readonly string[];
  readonly mode: EgressMode;
  /** What the lists are worth, for people. */
  readonly note: string;
}

const NOTES: Readonly<Record<EgressMode, string>> = {
  observe:
    'The allowlist lets through all that the run reached while nothing was refused but private and metadata addresses.',
  enforce:
    'The allowlist lets through all that the run was allowed to reach; `denied` is what more it asked for, so look at each before you add it.',
};
const INCOMPLETE =
  'The run asked for more hosts than are kept one by one; those beyond are missing here.';
const EMPTY =
  'No connection of the run is on record: only those through the egress gateway are, and it serves turns with network access under an allowlist or with `egressMode: observe`.';

/** The decisions of runs, as they are stored. */
@Injectable()
export class DecisionTrail {
  constructor(
    private readonly decisions: EgressDecisions,
    private readonly feed: DecisionFeed,
    private readonly settings: Settings,
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

  /**
   * What the run is or was under: `observe` where it is set now and the run goes on, and where
   * something was let through because it was set.
   */
  async modeOf(runId: string, goesOn: boolean): Promise<EgressMode> {
    if (goesOn && this.settings.codex.sandbox.egressMode === 'observe') return 'observe';
    return (await this.decisions.hasObserved(runId)) ? 'observe' : 'enforce';
  }

  async suggest(runId: string, goesOn: boolean): Promise<AllowlistSuggestion> {
    const mode = await this.modeOf(runId, goesOn);
    const destinations = await this.decisions.destinations(runId);
    const { allowlist, denied, incomplete } = suggestEntries(destinations);
    const note = destinations.length === 0 ? EMPTY : NOTES[mode];
    return { allowlist, denied, mode, note: incomplete ? `${note} ${INCOMPLETE}` : note };
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
