import { Injectable } from '@nestjs/common';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';
import type { DeliveryStatus } from './delivery-status.js';
import { DeliveryEntity } from './delivery.entity.js';

export interface DeliveryFilter {
  readonly status?: DeliveryStatus | undefined;
  readonly source?: string | undefined;
  readonly issue?: string | undefined;
  readonly rule?: string | undefined;
  /** Only deliveries older than this one. */
  readonly before?: string | undefined;
}

/** A delivery without its payload, which can be a megabyte, and what was decided of each rule. */
export type DeliverySummary = Omit<DeliveryEntity, 'payload' | 'considered'>;

/** All columns but the two that can be long. */
const SUMMARY = (
  'id source deliveryId bodyHash receivedAt signedAt type action issue entity occurredAt lane ' +
  'status attempts attemptLimit nextAttemptAt rule runId reason message handledAt'
)
  .split(' ')
  .map((column) => `delivery.${column}`);

/** The rows of deliveries as clients and the worker look at them, and the changes of one. */
@Injectable()
export class Deliveries {
  constructor(private readonly read: ReadSource) {}

  find(id: string): Promise<DeliveryEntity | null> {
    return this.read.manager.findOneBy(DeliveryEntity, { id });
  }

  /** As it is inside the transaction, or `null`. */
  findIn(manager: EntityManager, id: string): Promise<DeliverySummary | null> {
    return summaries(manager).where('delivery.id = :id', { id }).getOne();
  }

  /** Newest first. */
  list(filter: DeliveryFilter, limit: number): Promise<DeliverySummary[]> {
    const query = summaries(this.read.manager);
    for (const column of ['status', 'source', 'issue', 'rule'] as const) {
      const value = filter[column];
      if (value !== undefined)
        query.andWhere(`delivery.${column} = :${column}`, { [column]: value });
    }
    if (filter.before !== undefined) query.andWhere('delivery.id < :before', filter);
    return query.orderBy('delivery.id', 'DESC').limit(limit).getMany();
  }

  /** The one with this body or this id of its sender's, or `null`. */
  async findTwin(source: string, bodyHash: string, deliveryId: string): Promise<string | null> {
    return twinIn(this.read.manager, source, bodyHash, deliveryId);
  }

  /** Of what was told of the thing for a later time, the latest; `null`: it is not kept. */
  newestAfter(source: string, entity: string, occurredAt: number): Promise<DeliveryEntity | null> {
    return this.read.manager
      .createQueryBuilder(DeliveryEntity, 'delivery')
      .where('delivery.source = :source AND delivery.entity = :entity', { source, entity })
      .andWhere('delivery.occurredAt > :occurredAt', { occurredAt })
      .orderBy('delivery.occurredAt', 'DESC')
      .addOrderBy('delivery.id', 'DESC')
      .limit(1)
      .getOne();
  }

  /** Whether this rule has acted on what was told of the thing for a later time. */
  async hasActedAfter(
    { source, entity, occurredAt }: { source: string; entity: string; occurredAt: number },
    rule: string,
  ): Promise<boolean> {
    const rows: unknown[] = await this.read.manager.query(
      `SELECT 1 FROM webhook_deliveries WHERE source = ? AND entity = ? AND occurred_at > ?
       AND status = 'handled' AND rule = ? LIMIT 1`,
      [source, entity, occurredAt, rule],
    );
    return rows.length > 0;
  }

  async update(
    manager: EntityManager,
    id: string,
    changes: Partial<DeliveryEntity>,
  ): Promise<void> {
    await manager.update(DeliveryEntity, { id }, changes);
  }

  /** When the oldest one came that is not handled, or `null`. */
  async oldestPending(): Promise<number | null> {
    const [first] = await summaries(this.read.manager)
      .where("delivery.status = 'pending'")
      .orderBy('delivery.id', 'ASC')
      .limit(1)
      .getMany();
    return first?.receivedAt ?? null;
  }
}

/** Of any two rows that share one of them the unique indexes let one in. */
export async function twinIn(
  manager: EntityManager,
  source: string,
  bodyHash: string,
  deliveryId: string,
): Promise<string | null> {
  const rows = (await manager.query(
    `SELECT id FROM webhook_deliveries WHERE source = ? AND body_hash = ?
     UNION ALL SELECT id FROM webhook_deliveries WHERE source = ? AND delivery_id = ? LIMIT 1`,
    [source, bodyHash, source, deliveryId],
  )) as { id: string }[];
  return rows[0]?.id ?? null;
}

function summaries(manager: EntityManager): SelectQueryBuilder<DeliveryEntity> {
  return manager.createQueryBuilder(DeliveryEntity, 'delivery').select(SUMMARY);
}
