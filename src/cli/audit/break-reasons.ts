import type { BreakReason } from '../../audit/break-reason.js';

/** What `audit verify` found, in words. */
export const BREAK_REASONS: Readonly<Record<BreakReason, string>> = {
  edited: 'a column of the row was changed',
  deleted: 'the row that had this number is gone',
  inserted: 'a row that the service did not write',
  reordered: 'a genuine row under another row’s number',
  cut_from_end: 'rows are missing at the end, from this number on',
  unknown_key: 'the row was signed by another audit.key',
  anchor_mismatch: 'the chain is whole, but not the one that audit.head knows',
  anchor_missing: 'audit.head is missing',
  anchor_damaged: 'audit.head is damaged',
  anchor_rolled_back: 'audit.head is one of an earlier time',
};
