import { createHash } from 'node:crypto';

import { DomainError } from '../kernel/domain-error.js';
import type { Actor } from '../kernel/origin.js';

/** Visible ASCII. */
export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

/** A request that must take effect once, however often it is sent. */
export interface IdempotentRequest {
  actor: Actor;
  route: string;
  key: string;
  bodyHash: string;
}

/**
 * Reads an `Idempotency-Key` header; `null` when the request has none.
 *
 * @throws DomainError `invalid_idempotency_key`
 */
export function idempotentRequest(
  header: string | string[] | undefined,
  request: { actor: Actor; route: string; body: Buffer },
): IdempotentRequest | null {
  if (header === undefined) return null;
  if (typeof header !== 'string' || !IDEMPOTENCY_KEY_PATTERN.test(header)) {
    throw new DomainError('invalid_idempotency_key', 'The Idempotency-Key header is not valid', {
      details: [{ field: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }],
    });
  }
  const bodyHash = createHash('sha256').update(request.body).digest('hex');
  return { actor: request.actor, route: request.route, key: header, bodyHash };
}
