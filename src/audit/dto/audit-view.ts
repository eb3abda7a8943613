import type { AuditRow } from '../audit-row.js';

/** A row of the trail. */
export class AuditView {
  seq: number;
  /** ISO-8601, UTC. */
  at: string;
  actor: string;
  action: string;
  target: string;
  requestId: string | null;
  details: Record<string, unknown> | null;
  prevHash: string;
  hash: string;
  keyId: string;
}

export class AuditPage {
  items: AuditView[];
  nextCursor: string | null;
}

export class FirstBroken {
  seq: number;
  /** `edited`, `deleted`, `inserted`, `reordered`, `cut_from_end`, `unknown_key`, `anchor_…`. */
  reason: string;
}

export class VerificationView {
  ok: boolean;
  /** Rows whose hash was recomputed. */
  checked: number;
  firstBroken: FirstBroken | null;
}

export function viewOf(row: AuditRow): AuditView {
  return {
    seq: row.seq,
    at: new Date(row.at).toISOString(),
    actor: row.actor,
    action: row.action,
    target: row.target,
    requestId: row.requestId,
    details: parseDetails(row.details),
    prevHash: row.prevHash,
    hash: row.hash,
    keyId: row.keyId,
  };
}

/** A row that was tampered with must not make the list unreadable. */
function parseDetails(text: string | null): Record<string, unknown> | null {
  if (text === null) return null;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { unreadable: text };
  }
}
