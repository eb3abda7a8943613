import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { Gathering } from '../../kernel/gathering.js';
import { ReadSource } from '../../persistence/read-source.js';
import { ALL_COLUMNS, deliveryOf } from '../inbox/delivery-columns.js';
import type { DeliveryEntity } from '../inbox/delivery.entity.js';
import { HANDLE_BACK_OFF } from './pauses.js';

/** Nothing is put off further: a clock that was set back must not make it wait for longer. */
const DUE = '(next_attempt_at <= ? OR next_attempt_at > ?)';

/** Each can hold a megabyte. */
const MOST_HEADS = 16;

/** Which deliveries wait to be handled, lane by lane. Its queries use the partial indexes of `pending`. */
@Injectable()
export class DueDeliveries {
  readonly #heads: Gathering<string, DeliveryEntity | null>;

  constructor(private readonly read: ReadSource) {
    this.#heads = new Gathering(MOST_HEADS, (lanes) => this.#headsOf(lanes));
  }

  /** Lanes with something to do, the one that waits longest first. */
  async lanes(now: number, limit: number): Promise<string[]> {
    const rows: { lane: string }[] = await this.read.manager.query(
      `SELECT lane FROM webhook_deliveries WHERE status = 'pending' AND ${DUE}
       GROUP BY lane ORDER BY MIN(id) LIMIT ?`,
      [now, now + HANDLE_BACK_OFF.longestMs, limit],
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

  /** The one that is first by its own time. Those of the same moment are looked for together. */
  head(lane: string): Promise<DeliveryEntity | null> {
    return this.#heads.add(lane);
  }

  /** Whether it is due, as `lanes` decides it. */
  isDue({ nextAttemptAt }: Pick<DeliveryEntity, 'nextAttemptAt'>, now: number): boolean {
    return nextAttemptAt <= now || nextAttemptAt > now + HANDLE_BACK_OFF.longestMs;
  }

  /** All of the lane wait for its head: nothing newer overtakes it. */
  async hold(manager: EntityManager, lane: string, until: number): Promise<void> {
    await manager.query(
      `UPDATE webhook_deliveries SET next_attempt_at = ?
       WHERE status = 'pending' AND lane = ? AND next_attempt_at < ?`,
      [until, lane, until],
    );
  }

  async #headsOf(lanes: readonly string[]): Promise<(DeliveryEntity | null)[]> {
    const wanted = lanes.map((_, index) => (index === 0 ? 'SELECT ? AS lane' : 'SELECT ?'));
    const rows = (await this.read.manager.query(
      `SELECT ${ALL_COLUMNS} FROM (${wanted.join(' UNION ALL ')}) wanted
       JOIN webhook_deliveries delivery ON delivery.id =
         (SELECT id FROM webhook_deliveries WHERE status = 'pending' AND lane = wanted.lane
          ORDER BY occurred_at, id LIMIT 1)`,
      [...lanes],
    )) as Record<string, unknown>[];
    const heads = new Map(rows.map((row) => [row.lane, deliveryOf(row)]));
    return lanes.map((lane) => heads.get(lane) ?? null);
  }
}
