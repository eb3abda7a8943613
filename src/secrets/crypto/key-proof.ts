import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import type { Redacted } from '../../kernel/redacted.js';

const PURPOSE = 'risoluto: a copy of the master key is held elsewhere, 1';

/**
 * Shows that its maker has the key, without showing the key: HMAC-SHA256 over a fixed text, under a
 * key that nothing else uses, in hex. Whoever sees it can try guesses, as with any ciphertext.
 */
export function proveKey(masterKey: Redacted): string {
  const key = createHash('sha256').update(`${PURPOSE}\n${masterKey.reveal()}`, 'utf8').digest();
  return createHmac('sha256', key).update(PURPOSE).digest('hex');
}

export function isSameProof(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
