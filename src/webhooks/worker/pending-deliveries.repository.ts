import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import type { DeliveryStatus } from '../inbox/delivery-status.js';

/** A delivery that waits, as far as its settling turns on it. */
export interface PendingDelivery {
  readonly id: string;
  readonly source: string;
  readonly entity: string | null;
  readonly lane: string;
  readonly occurredAt: number;
  readonly receivedAt: number;
  readonly attempts: number;
  readonly attemptLimit: number;
  readonly reason: string | null;
  readonly message: string | null;
  /** As of when the newest state of its thing was handled; `null`: none was. */
  readonly appliedAt: number | null;
}

/** What a delivery comes to. */
export interface DeliveryEnd {
  readonly id: string;
  readonly status: DeliveryStatus;
  readonly rule: string | null;
  readonly runId: string | null;
  readonly reason: string | null;
  readonly message: string | null;
  readonly considered: string | null;
  readonly handledAt: number;
}

const WHOLE = ['occurredAt', 'receivedAt', 'appliedAt'] as const;

/** The changes of deliveries on their way from `pending`, however many in one statement. At most 1,000. */
@Injectable()
export class PendingDeliveries {
  /** Those of the ids that wait, inside the transaction. */
  async find(
    manager: EntityManager,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, PendingDelivery>> {
    const rows = (await manager.query(
      `SELECT delivery.id, delivery.source, delivery.entity, delivery.lane, delivery.attempts,
         delivery.reason, delivery.message, delivery.occurred_at AS "occurredAt",
         delivery.received_at AS "receivedAt", delivery.attempt_limit AS "attemptLimit",
         newest.applied_at AS "appliedAt"
       FROM webhook_deliveries delivery LEFT JOIN webhook_entities newest
         ON newest.source = delivery.source AND newest.entity = delivery.entity
       WHERE delivery.id IN (${marks(ids)}) AND delivery.status = 'pending'`,
      [...ids],
    )) as Record<string, unknown>[];
    for (const row of rows) {
      for (const name of WHOLE) if (row[name] !== null) row[name] = Number(row[name]);
    }
    return new Map(rows.map((row) => [row.id as string, row as unknown as PendingDelivery]));
  }

  async countAttempt(manager: EntityManager, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const wanted = `id IN (${marks(ids)})`;
    await manager.query(`UPDATE webhook_deliveries SET attempts = attempts + 1 WHERE ${wanted}`, [
      ...ids,
    ]);
  }

  async end(manager: EntityManager, ends: readonly DeliveryEnd[]): Promise<void> {
    if (ends.length === 0) return;
    await manager.query(
      `UPDATE webhook_deliveries SET status = ended.column2, rule = ended.column3,
         run_id = ended.column4, reason = ended.column5, message = ended.column6,
         considered = ended.column7, handled_at = ended.column8
       FROM (VALUES ${ends.map(() => '(?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}) AS ended
       WHERE webhook_deliveries.id = ended.column1`,
      ends.flatMap((end) => [
        end.id,
        end.status,
        end.rule,
        end.runId,
        end.reason,
        end.message,
        end.considered,
        end.handledAt,
      ]),
    );
  }
}

function marks(ids: readonly string[]): string {
  return ids.map(() => '?').join(', ');
}
