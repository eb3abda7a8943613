import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';
import type { DeliveryEntity } from './delivery.entity.js';
import { twinIn } from './delivery.repository.js';

/** What became of a delivery that was to be stored. */
export interface Arrival {
  /** Of the stored one; `null` for a twin of one that is not kept any more. */
  readonly id: string | null;
  readonly duplicate: boolean;
}

/** Those that a new delivery has a value of. */
const COLUMNS =
  'id, source, delivery_id, body_hash, received_at, signed_at, type, action, issue, entity, ' +
  'occurred_at, lane, payload, status, attempts, attempt_limit, next_attempt_at';
const PLACES = `(${COLUMNS.replace(/\w+/g, '?')})`;

/** Puts deliveries into the inbox; the unique indexes decide which of twins is the first. */
@Injectable()
export class Arrivals {
  constructor(private readonly read: ReadSource) {}

  /** Stores those that are new, in a few statements however many they are; the answers are in their order. */
  async insert(manager: EntityManager, rows: readonly DeliveryEntity[]): Promise<Arrival[]> {
    const spent = await this.#spent(manager, rows);
    const fresh = rows.filter((row) => !spent.has(row));
    const stored = await insertNew(manager, fresh);
    const arrivals: Arrival[] = [];
    for (const row of rows) {
      const { id, source, bodyHash, deliveryId } = row;
      if (stored.has(id)) arrivals.push({ id, duplicate: false });
      else {
        const twin = await twinIn(manager, source, bodyHash, deliveryId);
        arrivals.push({ id: twin, duplicate: true });
      }
    }
    return arrivals;
  }

  /** Those whose body was taken once, by a source without signed times, and is not kept any more. */
  async #spent(
    manager: EntityManager,
    rows: readonly DeliveryEntity[],
  ): Promise<Set<DeliveryEntity>> {
    const spent = new Set<DeliveryEntity>();
    for (const row of rows) {
      if (row.signedAt === null && (await isSpent(manager, row))) spent.add(row);
    }
    return spent;
  }

  /** Whether some settled delivery is older than `bound`, an id. */
  async hasSettledBefore(bound: string): Promise<boolean> {
    return (await settledBefore(this.read.manager, bound, 1)).length > 0;
  }

  /**
   * Removes the oldest settled deliveries before `bound`, an id, and answers how many. Bodies that
   * no signed time tells to be old stay known as spent.
   */
  async removeSettled(manager: EntityManager, bound: string, limit: number): Promise<number> {
    const rows = await settledBefore(manager, bound, limit);
    const timeless = rows.filter(({ signed_at }) => signed_at === null);
    for (const { source, body_hash } of timeless) {
      await manager.query(
        'INSERT INTO webhook_spent_bodies (source, body_hash) VALUES (?, ?) ON CONFLICT DO NOTHING',
        [source, body_hash],
      );
    }
    const marks = rows.map(() => '?').join(', ');
    const ids = rows.map(({ id }) => id);
    await manager.query(`DELETE FROM webhook_deliveries WHERE id IN (${marks})`, ids);
    return rows.length;
  }
}

interface SettledRow {
  id: string;
  source: string;
  body_hash: string;
  signed_at: number | null;
}

function settledBefore(
  manager: EntityManager,
  bound: string,
  limit: number,
): Promise<SettledRow[]> {
  return manager.query(
    `SELECT id, source, body_hash, signed_at FROM webhook_deliveries
     WHERE id < ? AND status <> 'pending' ORDER BY id LIMIT ?`,
    [bound, limit],
  );
}

async function isSpent(manager: EntityManager, { source, bodyHash }: DeliveryEntity) {
  const found = (await manager.query(
    'SELECT 1 FROM webhook_spent_bodies WHERE source = ? AND body_hash = ?',
    [source, bodyHash],
  )) as unknown[];
  return found.length > 0;
}

/** The ids of those that were stored. */
async function insertNew(
  manager: EntityManager,
  rows: readonly DeliveryEntity[],
): Promise<Set<string>> {
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return new Set();
  const places = rows.map(() => PLACES).join(', ');
  const insert = `INSERT INTO webhook_deliveries (${COLUMNS}) VALUES ${places} ON CONFLICT DO NOTHING`;
  if ((await changedBy(manager, insert, rows.flatMap(valuesOf))) === ids.length)
    return new Set(ids);
  const stored = (await manager.query(
    `SELECT id FROM webhook_deliveries WHERE id IN (${ids.map(() => '?').join(', ')})`,
    ids,
  )) as { id: string }[];
  return new Set(stored.map(({ id }) => id));
}

/** How many rows the statement changed. */
async function changedBy(
  { queryRunner }: EntityManager,
  sql: string,
  parameters: unknown[],
): Promise<number | undefined> {
  if (queryRunner === undefined) throw new Error('this is for transactions');
  return (await queryRunner.query(sql, parameters, true)).affected;
}

function valuesOf(row: DeliveryEntity): unknown[] {
  return [
    row.id,
    row.source,
    row.deliveryId,
    row.bodyHash,
    row.receivedAt,
    row.signedAt,
    row.type,
    row.action,
    row.issue,
    row.entity,
    row.occurredAt,
    row.lane,
    row.payload,
    row.status,
    row.attempts,
    row.attemptLimit,
    row.nextAttemptAt,
  ];
}
