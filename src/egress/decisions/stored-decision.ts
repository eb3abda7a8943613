import type { Decision } from './decision.js';

/** The host of a row that stands for decisions beyond those that a run may have rows of their own for. */
export const OVERFLOW_HOST = '*';

/** One decision, or several that were alike, as it is kept. */
export interface StoredDecision extends Decision {
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
