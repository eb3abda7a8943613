import type { AuditKey } from './audit-key.js';
import type { AuditRow, ChainHead } from './audit-row.js';
import { BREAK_FOUND, type BreakReason } from './break-reason.js';

/** How a row fails to follow the one before. `broken_notice` is a genuine row that tells of a break. */
export type LinkFault = 'gap' | 'too_early' | 'not_genuine' | 'wrong_link' | 'broken_notice';

/** Whether `row` is what the service appended after `head`. */
export function checkLink(key: AuditKey, head: ChainHead, row: AuditRow): LinkFault | null {
  if (row.seq <= head.seq) return 'too_early';
  if (row.seq > head.seq + 1) return 'gap';
  if (!isGenuine(key, row)) return 'not_genuine';
  if (row.prevHash !== head.hash) return 'wrong_link';
  return row.action === BREAK_FOUND ? 'broken_notice' : null;
}

/** The row holds what the service signed, under the number that it signed. */
export function isGenuine(key: AuditKey, row: AuditRow): boolean {
  return row.keyId === key.id && key.hashRow(row) === row.hash;
}

/** The reason that a row of action `audit.break_found` gives. */
export function noticedReason(row: AuditRow): BreakReason {
  const details = JSON.parse(row.details ?? '{}') as { reason?: BreakReason };
  return details.reason ?? 'cut_from_end';
}

/** The number under which the service signed the row, looked for around the one that it has. */
export function signedNumber(key: AuditKey, row: AuditRow, distance: number): number | null {
  for (let offset = 1; offset <= distance; offset++) {
    for (const seq of [row.seq + offset, row.seq - offset]) {
      if (seq > 0 && isGenuine(key, { ...row, seq })) return seq;
    }
  }
  return null;
}
