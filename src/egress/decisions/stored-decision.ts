import type { Decision } from './decision.js';

/** The host of a row that counts what came beyond the rows that a run may have. */
export const OVERFLOW_HOST = '*';

/** No connection was ever allowed to such a host; what a denied client asked for may look like it. */
export function isOverflow({
  host,
  allowed,
  reason,
}: Pick<Decision, 'host' | 'allowed' | 'reason'>): boolean {
  return host === OVERFLOW_HOST && (allowed || reason === null);
}

/** One decision, or several that were alike, as it is kept. */
export interface StoredDecision extends Decision {
  /** `null` where it is of no credential route. */
  readonly route: string | null;
  /** `null` likewise, and where the row stands for several that may differ. */
  readonly method: string | null;
  readonly path: string | null;
  readonly status: number | null;
  /** A ULID. */
  readonly id: string;
  /** From 1 in each run, in the order in which rows were first written, without gaps. */
  readonly seq: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /**
   * The longest, where the row stands for several; 0 for a denial. `null` while a connection goes
   * on, and for ever where the service was killed meanwhile.
   */
  readonly durationMs: number | null;
  /** How many decisions the row stands for; `at` is that of the first. */
  readonly count: number;
}

export interface DecisionFilter {
  readonly allowed?: boolean | undefined;
  readonly turn?: number | undefined;
}

/** A part of a run's rows, oldest first. */
export interface DecisionRange {
  /** Only rows behind this one. */
  readonly after: number;
  /** And up to this one, itself included. */
  readonly until?: number;
  readonly limit: number;
}
