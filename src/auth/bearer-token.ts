import { createHash, timingSafeEqual } from 'node:crypto';

import type { Redacted } from '../kernel/redacted.js';

/** Characters; what is shorter can be found by trying, and the operator is warned. */
export const LEAST_TOKEN_LENGTH = 16;

/** The token of `Authorization: Bearer <token>`; the scheme word in any case (RFC 9110). */
export function bearerTokenOf(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  return /^bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1] ?? null;
}

/**
 * A token that requests are measured against. Only its SHA-256 is kept. Comparing two digests takes
 * the same time whatever the tokens' lengths and wherever they differ.
 */
export class ExpectedToken {
  readonly #digest: Buffer;

  constructor(token: Redacted) {
    this.#digest = sha256(token.reveal());
  }

  matches(given: string): boolean {
    return timingSafeEqual(this.#digest, sha256(given));
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
