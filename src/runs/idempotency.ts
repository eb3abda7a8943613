import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { LessThan, type EntityManager } from 'typeorm';

import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Actor } from '../kernel/origin.js';
import { IdempotencyKeyEntity } from './idempotency-key.entity.js';

const KEPT_MS = 24 * 60 * 60 * 1000;
const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

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
  if (typeof header !== 'string' || !VISIBLE_ASCII.test(header)) {
    throw new DomainError('invalid_idempotency_key', 'The Idempotency-Key header is not valid', {
      details: [{ field: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }],
    });
  }
  const bodyHash = createHash('sha256').update(request.body).digest('hex');
  return { actor: request.actor, route: request.route, key: header, bodyHash };
}

/** The keys of the last 24 hours. Writes are one after another, so that of two twins one is first. */
@Injectable()
export class IdempotencyKeys {
  constructor(private readonly clock: Clock) {}

  /**
   * The run that this request already made, or `null`.
   *
   * @throws DomainError `idempotency_key_reused` when the key stood for another body.
   */
  async find(manager: EntityManager, request: IdempotentRequest): Promise<string | null> {
    const { actor, route, key, bodyHash } = request;
    const known = await manager.findOneBy(IdempotencyKeyEntity, { actor, route, key });
    if (known === null || Number(known.createdAt) <= this.#expiry()) return null;
    if (known.bodyHash === bodyHash) return known.runId;
    throw new DomainError(
      'idempotency_key_reused',
      'This Idempotency-Key was used for another request in the last 24 hours; use a new one',
      { details: [{ field: 'Idempotency-Key', message: 'was sent with another body' }] },
    );
  }

  /** Remembers what the request made, and forgets what is too old. */
  async remember(manager: EntityManager, request: IdempotentRequest, runId: string): Promise<void> {
    await manager.delete(IdempotencyKeyEntity, { createdAt: LessThan(this.#expiry() + 1) });
    await manager.insert(IdempotencyKeyEntity, {
      ...request,
      runId,
      createdAt: this.clock.now(),
    });
  }

  #expiry(): number {
    return this.clock.now() - KEPT_MS;
  }
}
