import { createHash } from 'node:crypto';

import type { MessageKind } from '../wishes.js';

/**
 * The id that the comment is made with, a UUID of version 4: always the same for the same message, so
 * that Linear takes it once, also from a database that was put back to an earlier state.
 */
export function commentIdOf(runId: string, kind: MessageKind): string {
  const bytes = createHash('sha256').update(`risoluto/comment/1/${runId}/${kind}`).digest();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return [...parts, hex.slice(20)].join('-');
}
