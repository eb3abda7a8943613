import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';
import { DeliveryEntity } from '../inbox/delivery.entity.js';
import { LONGEST_BACK_OFF_MS } from './back-off.js';

/** Nothing is put off further: a clock that was set back must not make it wait for longer. */
const DUE = '(next_attempt_at <= ? OR next_attempt_at > ?)';

/** Which deliveries wait to be handled, lane by lane. Its queries use the partial indexes of `pending`. */
@Injectable()
export class DueDeliveries {
  constructor(private readonly read: ReadSource) {}

  /** Lanes with something to do, the one that waits longest first. */
  async lanes(now: number, limit: number): Promise<string[]> {
    const rows: { lane: string }[] = await this.read.manager.query(
      `SELECT lane FROM webhook_deliveries WHERE status = 'pending' AND ${DUE}
       GROUP BY lane ORDER BY MIN(id) LIMIT ?`,
      [now, now + LONGEST_BACK_OFF_MS, limit],
    );
    return rows.map(({ lane }) => lane);
  }

  /** When the first delivery is due that is not due yet, or `null`. */
  async nextAt(now: number): Promise<number | null> {
    const rows: { at: number | string | null }[] = await this.read.manager.query(
      `SELECT MIN(next_attempt_at) AS at FROM webhook_deliveries
       WHERE status = 'pending' AND next_attempt_at > ?`,
      [now],
    );
    const at = rows[0]?.at ?? null;
    return at === null ? null : Number(at);
  }

  /** The one that is first by its own time. */
  head(lane: string): Promise<DeliveryEntity | null> {
    return this.read.manager
      .createQueryBuilder(DeliveryEntity, 'delivery')
      .where("delivery.status = 'pending' AND delivery.lane = :lane", { lane })
      .orderBy('delivery.occurredAt', 'ASC')
      .addOrderBy('delivery.id', 'ASC')
      .limit(1)
      .getOne();
  }

  /** Whether it is due, as `lanes` decides it. */
  isDue({ nextAttemptAt }: Pick<DeliveryEntity, 'nextAttemptAt'>, now: number): boolean {
    return nextAttemptAt <= now || nextAttemptAt > now + LONGEST_BACK_OFF_MS;
  }

  /** All of the lane wait for its head: nothing newer overtakes it. */
  async hold(manager: EntityManager, lane: string, until: number): Promise<void> {
    await manager.query(
      `UPDATE webhook_deliveries SET next_attempt_at = ?
       WHERE status = 'pending' AND lane = ? AND next_attempt_at < ?`,
      [until, lane, until],
    );
  }
}
