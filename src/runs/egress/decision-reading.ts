import type { DecisionTrail } from '../../egress/decisions/decision-trail.js';
import type { DecisionFilter, StoredDecision } from '../../egress/decisions/stored-decision.js';

export interface DecisionsFrom {
  readonly runId: string;
  /** The last number that the reader knows; 0 for none. */
  readonly after: number;
  readonly filter: DecisionFilter;
}

/** Rows that are new to the reader, or rows that it knows as they are now. */
export interface DecisionNews {
  readonly kind: 'decisions' | 'updates';
  readonly decisions: readonly StoredDecision[];
}

const ROWS_AT_ONCE = 200;

/** How far somebody has read the decisions of a run; nothing is kept for him but which have changed. */
export class DecisionReading {
  #last: number;
  #begun = false;
  #changed = new Set<number>();
  readonly #unsubscribe: () => void;

  constructor(
    private readonly trail: DecisionTrail,
    private readonly from: DecisionsFrom,
    onNews: () => void,
  ) {
    this.#last = from.after;
    this.#unsubscribe = trail.subscribe(from.runId, (seq) => {
      this.#changed.add(seq);
      onNews();
    });
  }

  /**
   * What was committed since the last call. The first call tells all; of the rows up to `after` it
   * tells those again that may have changed since the reader had them.
   */
  async *news(): AsyncGenerator<DecisionNews> {
    const changed = [...this.#changed];
    this.#changed = new Set();
    const known = changed.filter((seq) => seq <= this.#last);
    if (!this.#begun) yield* this.#changedBefore();
    if (!this.#begun || known.length < changed.length) yield* this.#fresh();
    this.#begun = true;
    for (let begin = 0; begin < known.length; begin += ROWS_AT_ONCE) {
      const seqs = known.slice(begin, begin + ROWS_AT_ONCE);
      const { runId, filter } = this.from;
      const decisions = await this.trail.numbered(runId, seqs, filter);
      if (decisions.length > 0) yield { kind: 'updates', decisions };
    }
  }

  close(): void {
    this.#unsubscribe();
  }

  async *#fresh(): AsyncGenerator<DecisionNews> {
    for await (const decisions of this.#pages(this.#last)) {
      this.#last = decisions.at(-1)?.seq ?? this.#last;
      yield { kind: 'decisions', decisions };
    }
  }

  async *#changedBefore(): AsyncGenerator<DecisionNews> {
    if (this.from.after === 0) return;
    for await (const rows of this.#pages(0, this.from.after)) {
      // A denial that stands for itself never changed.
      const decisions = rows.filter(({ allowed, count }) => allowed || count > 1);
      if (decisions.length > 0) yield { kind: 'updates', decisions };
    }
  }

  async *#pages(after: number, until?: number): AsyncGenerator<StoredDecision[]> {
    const { runId, filter } = this.from;
    const end = until === undefined ? {} : { until };
    for (let last = after; ;) {
      const range = { after: last, limit: ROWS_AT_ONCE, ...end };
      const decisions = await this.trail.range(runId, range, filter);
      if (decisions.length === 0) return;
      yield decisions;
      last = decisions.at(-1)?.seq ?? last;
    }
  }
}
