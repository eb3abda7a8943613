/** What `verify` can say about the first row that is not what was written. Never renamed. */
export type BreakReason =
  /** A column of the row was changed. */
  | 'edited'
  /** The row that had this number is gone, and later ones are still there. */
  | 'deleted'
  /** A row that the service did not write. */
  | 'inserted'
  /** A genuine row under another row's number. */
  | 'reordered'
  /** Rows are missing at the end, from this number on. */
  | 'cut_from_end'
  /** The row was signed by another `audit.key`. */
  | 'unknown_key'
  /** The chain is whole, but not the one that the head outside the table ends. */
  | 'anchor_mismatch'
  | 'anchor_missing'
  | 'anchor_damaged'
  /** The head outside the table is one of an earlier time. */
  | 'anchor_rolled_back';

/**
 * The action of the row that the service itself writes before it goes on after it found the trail
 * broken: the next head would else cover up what was cut. Its `details.reason` is a `BreakReason`.
 */
export const BREAK_FOUND = 'audit.break_found';
