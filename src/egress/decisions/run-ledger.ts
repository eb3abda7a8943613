import type { Decision } from './decision.js';
import { DecisionRow } from './decision-row.js';
import { OVERFLOW_HOST, isOverflow, type StoredDecision } from './stored-decision.js';

export interface LedgerLimits {
  /** Allowed connections with a row of their own. */
  readonly single: number;
  /** Rows that stand for several allowed connections, by turn, host, port, rule and route. */
  readonly gathered: number;
  /** Rows of denials, by turn, host, port and reason, and what was asked of a route. */
  readonly denials: number;
}

/** What more comes is counted, in one row a turn of either kind. */
export const LEDGER_LIMITS: LedgerLimits = { single: 10_000, gathered: 1000, denials: 1000 };

/** What is stored of a run already. */
export interface LedgerState {
  readonly lastSeq: number;
  /** Allowed connections with a row of their own. */
  readonly single: number;
  /** All other rows. */
  readonly shared: readonly StoredDecision[];
}

/**
 * Which row of a run counts a decision. Whatever a sandbox does, a run has no more rows than the
 * limits and two a turn, and their counts add up to the decisions.
 */
export class RunLedger {
  /** The connections that go on. */
  open = 0;
  #loaded = false;
  #lastSeq = 0;
  #single = 0;
  #gathered = 0;
  #denials = 0;
  readonly #shared = new Map<string, DecisionRow>();

  constructor(private readonly limits: LedgerLimits = LEDGER_LIMITS) {}

  /** Until then it counts as if nothing were stored of the run, and gives no numbers. */
  get loaded(): boolean {
    return this.#loaded;
  }

  rowFor(decision: Decision): DecisionRow {
    if (!decision.allowed || this.#single >= this.limits.single) {
      const shared = decision.allowed && decision.route ? { ...decision, ...UNTOLD } : decision;
      return this.#sharedRow(shared, () => new DecisionRow(shared));
    }
    this.#single += 1;
    return new DecisionRow(decision);
  }

  /** Goes on from what is stored; rows that are alike become one. To be called once. */
  load({ lastSeq, single, shared }: LedgerState): void {
    this.#loaded = true;
    this.#lastSeq = lastSeq;
    this.#single += single;
    const young = [...this.#shared.values()];
    this.#shared.clear();
    this.#gathered = 0;
    this.#denials = 0;
    for (const stored of shared) this.#keep(DecisionRow.restored(stored));
    for (const row of young) {
      const heir = this.#sharedRow(row.first, () => row);
      if (heir !== row) row.moveInto(heir);
    }
  }

  /** The row's number in its run, which it gets when it is first asked for. */
  seqOf(row: DecisionRow): number {
    if (row.seq === null) {
      if (!this.#loaded) throw new Error('the numbers of this run are not known yet');
      this.#lastSeq += 1;
      row.seq = this.#lastSeq;
    }
    return row.seq;
  }

  #sharedRow(decision: Decision, make: () => DecisionRow): DecisionRow {
    const known = this.#shared.get(keyOf(decision));
    if (known !== undefined) return known;
    const full = decision.allowed
      ? this.#gathered >= this.limits.gathered
      : this.#denials >= this.limits.denials;
    if (!full || isOverflow(decision)) return this.#keep(make());
    const of = decision.route ? { ...decision, route: null, ...UNTOLD } : decision;
    const overflow = { ...of, host: OVERFLOW_HOST, port: 0, rule: null, reason: null };
    return this.#shared.get(keyOf(overflow)) ?? this.#keep(new DecisionRow(overflow));
  }

  #keep(row: DecisionRow): DecisionRow {
    this.#shared.set(keyOf(row.first), row);
    if (isOverflow(row.first)) return row;
    if (row.first.allowed) this.#gathered += 1;
    else this.#denials += 1;
    return row;
  }
}

/** Of requests on a credential route that may differ. */
const UNTOLD = { method: null, path: null, status: null };

/** The host comes last: it may hold anything but spaces, as the path before it. */
function keyOf(decision: Decision): string {
  const { turn, host, port, allowed, rule, reason } = decision;
  const plain = allowed ? `+ ${turn} ${port} ${rule}` : `- ${turn} ${port} ${reason}`;
  if (!decision.route) return `${plain} ${host}`;
  const { route, method, path } = decision;
  return `r${plain} ${route} ${method} ${path} ${host}`;
}
