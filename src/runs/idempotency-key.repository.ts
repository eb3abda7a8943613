import { Injectable } from '@nestjs/common';
import { LessThanOrEqual, type EntityManager } from 'typeorm';

import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import { ReadSource } from '../persistence/read-source.js';
import type { IdempotentRequest } from './idempotency.js';
import { IdempotencyKeyEntity } from './idempotency-key.entity.js';

const KEPT_MS = 24 * 60 * 60 * 1000;

/** The keys of the last 24 hours. Writes are one after another, so that of two twins one is first. */
@Injectable()
export class IdempotencyKeys {
  constructor(
    private readonly read: ReadSource,
    private readonly clock: Clock,
  ) {}

  /**
   * The run that this request already made, or `null`.
   *
   * @throws DomainError `idempotency_key_reused` when the key stood for another body.
   */
  async find(manager: EntityManager, request: IdempotentRequest): Promise<string | null> {
    const { actor, route, key, bodyHash } = request;
    const known = await manager.findOneBy(IdempotencyKeyEntity, { actor, route, key });
    if (known === null || known.createdAt <= this.#expiry()) return null;
    if (known.bodyHash === bodyHash) return known.runId;
    throw new DomainError(
      'idempotency_key_reused',
      'This Idempotency-Key was used for another request in the last 24 hours; use a new one',
      { details: [{ field: 'Idempotency-Key', message: 'was sent with another body' }] },
    );
  }

  /** Remembers what the request made, in place of one that is too old. */
  async remember(manager: EntityManager, request: IdempotentRequest, runId: string): Promise<void> {
    const { actor, route, key } = request;
    await manager.delete(IdempotencyKeyEntity, { actor, route, key });
    await manager.insert(IdempotencyKeyEntity, {
      ...request,
      runId,
      createdAt: this.clock.now(),
    });
  }

  /** Whether some are too old to be used. */
  hasExpired(): Promise<boolean> {
    const createdAt = LessThanOrEqual(this.#expiry());
    return this.read.manager.existsBy(IdempotencyKeyEntity, { createdAt });
  }

  /** Removes some of those, and answers how many. */
  async removeExpired(manager: EntityManager, limit: number): Promise<number> {
    const expired = 'SELECT rowid FROM idempotency_keys WHERE created_at <= ? LIMIT ?';
    const rows = (await manager.query(expired, [this.#expiry(), limit])) as { rowid: number }[];
    const rowids = rows.map(({ rowid }) => rowid);
    const marks = rowids.map(() => '?').join(',');
    await manager.query(`DELETE FROM idempotency_keys WHERE rowid IN (${marks})`, rowids);
    return rowids.length;
  }

  #expiry(): number {
    return this.clock.now() - KEPT_MS;
  }
}
