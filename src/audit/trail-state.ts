import type { AnchorState } from './audit-anchor.js';
import type { ChainHead } from './audit-row.js';
import type { BreakReason } from './break-reason.js';

/** More than one group of changes can write (64 works of 16 rows), so more than a crash can leave. */
export const MOST_ROWS_PER_GROUP = 1024;

/**
 * What the head outside the table says about the table. A crash between COMMIT and the head's write
 * leaves the table ahead by one group at most; it is never behind.
 *
 * @param hashAtAnchor the hash of the row that has the anchor's number; `null` when there is none.
 */
export function judgeAnchor(
  anchor: AnchorState,
  table: ChainHead,
  hashAtAnchor: string | null,
): BreakReason | null {
  if (anchor.state === 'missing') return 'anchor_missing';
  if (anchor.state === 'damaged') return 'anchor_damaged';
  if (table.seq < anchor.head.seq) return 'cut_from_end';
  if (hashAtAnchor !== anchor.head.hash) return 'anchor_mismatch';
  if (table.seq - anchor.head.seq > MOST_ROWS_PER_GROUP) return 'anchor_rolled_back';
  return null;
}

/** What happened to the table under the running service, which alone may append to it. */
export function judgeHead(expected: readonly ChainHead[], found: ChainHead): BreakReason | null {
  if (expected.some((head) => head.seq === found.seq && head.hash === found.hash)) return null;
  const newest = Math.max(...expected.map((head) => head.seq));
  if (found.seq < newest) return 'cut_from_end';
  return found.seq > newest ? 'inserted' : 'edited';
}
