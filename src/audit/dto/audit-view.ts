import { ApiProperty, ApiSchema } from '@nestjs/swagger';

import { TIME } from '../../http/time-schema.js';
import type { AuditRow } from '../audit-row.js';

@ApiSchema({ description: 'A row of the trail: who did what to what, chained to the row before' })
export class AuditView {
  /** From 1, without gaps. */
  @ApiProperty({ type: 'integer', example: 1 })
  seq: number;

  /** ISO-8601, UTC. */
  @ApiProperty(TIME)
  at: string;

  /** `loopback`, `write-token`, `token:<name>`, `webhook:<source>`, `cli:<user>` or `system`. */
  @ApiProperty({ example: 'loopback' })
  actor: string;

  /** In the past tense; never renamed. */
  @ApiProperty({ example: 'secret.set' })
  action: string;

  /** A secret’s key, a run’s id. */
  @ApiProperty({ example: 'GREETING' })
  target: string;

  /** The request that asked for it; `null` where none did. */
  @ApiProperty({ example: '01JD3Q0V5Z8W9X7Y6T5S4R3Q2P' })
  requestId: string | null;

  /** What else is known of the change; no value of a secret. */
  @ApiProperty({ example: null })
  details: Record<string, unknown> | null;

  /** `hash` of the row before; of the first row, 64 zeros. */
  @ApiProperty({ example: '0'.repeat(64) })
  prevHash: string;

  /** HMAC-SHA-256 over this row and `prevHash`, hexadecimal. */
  @ApiProperty({ example: '9f2c'.repeat(16) })
  hash: string;

  /** Which audit key signed it. */
  @ApiProperty({ example: 'a1b2c3d4' })
  keyId: string;
}

@ApiSchema({ description: 'A page of the trail, newest first' })
export class AuditPage {
  /** Rows of this page. */
  items: AuditView[];

  /** Give it back as `cursor`; `null` on the last page. */
  @ApiProperty({ example: null })
  nextCursor: string | null;
}

@ApiSchema({ description: 'The first row that is not what was written' })
export class FirstBroken {
  /** The number of the row. */
  @ApiProperty({ type: 'integer', example: 17 })
  seq: number;

  /** `edited`, `deleted`, `inserted`, `reordered`, `cut_from_end`, `unknown_key`, `anchor_…`. */
  @ApiProperty({ example: 'edited' })
  reason: string;
}

@ApiSchema({ description: 'What a verification of the trail found' })
export class VerificationView {
  /** Whether every link holds. */
  @ApiProperty({ example: true })
  ok: boolean;

  /** Rows whose hash was recomputed. */
  @ApiProperty({ type: 'integer', example: 42 })
  checked: number;

  /** `null` when `ok`. */
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
