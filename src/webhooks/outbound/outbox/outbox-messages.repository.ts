import { Injectable } from '@nestjs/common';
import { In, LessThan, MoreThan, Not, type EntityManager } from 'typeorm';

import { ReadSource } from '../../../persistence/read-source.js';
import { LONGEST_PAUSE_MS } from '../sender/pauses.js';
import type { MessageStatus } from './message-status.js';
import { OutboxMessageEntity } from './outbox-message.entity.js';

export interface MessageFilter {
  readonly status?: MessageStatus | undefined;
  readonly runId?: string | undefined;
  /** Only messages older than this one. */
  readonly before?: string | undefined;
}

/** The rows of messages. */
@Injectable()
export class OutboxMessages {
  constructor(private readonly read: ReadSource) {}

  /** Nothing where the run has a message of this kind already. */
  async add(manager: EntityManager, message: OutboxMessageEntity): Promise<void> {
    const insert = manager.createQueryBuilder().insert().into(OutboxMessageEntity);
    await insert.values(message).orIgnore().execute();
  }

  async hasComment(commentId: string): Promise<boolean> {
    return this.read.manager.existsBy(OutboxMessageEntity, { commentId });
  }

  async update(
    manager: EntityManager,
    id: string,
    changes: Partial<OutboxMessageEntity>,
  ): Promise<void> {
    await manager.update(OutboxMessageEntity, { id }, changes);
  }

  /**
   * Messages that may be sent now: of each lane the oldest that waits, where it is due. None is put
   * off further than the longest pause: a clock that was set back must not make it wait for longer.
   */
  due(now: number, limit: number): Promise<OutboxMessageEntity[]> {
    const bounds = { now, far: now + LONGEST_PAUSE_MS };
    return this.read.manager
      .createQueryBuilder(OutboxMessageEntity, 'message')
      .where("message.status = 'pending'")
      .andWhere('(message.nextAttemptAt <= :now OR message.nextAttemptAt > :far)', bounds)
      .andWhere(
        `NOT EXISTS (SELECT 1 FROM outbox_messages earlier WHERE earlier.status = 'pending'
         AND earlier.lane = message.lane AND earlier.id < message.id)`,
      )
      .orderBy('message.id', 'ASC')
      .limit(limit)
      .getMany();
  }

  /** When the first one is due that is not due yet, or `null`. */
  async nextAt(now: number): Promise<number | null> {
    const rows: { at: number | string | null }[] = await this.read.manager.query(
      `SELECT MIN(next_attempt_at) AS at FROM outbox_messages
       WHERE status = 'pending' AND next_attempt_at > ?`,
      [now],
    );
    const at = rows[0]?.at ?? null;
    return at === null ? null : Number(at);
  }

  /** Newest first. */
  list({ status, runId, before }: MessageFilter, limit: number): Promise<OutboxMessageEntity[]> {
    return this.read.manager.find(OutboxMessageEntity, {
      where: {
        ...(status === undefined ? {} : { status }),
        ...(runId === undefined ? {} : { runId }),
        ...(before === undefined ? {} : { id: LessThan(before) }),
      },
      order: { id: 'DESC' },
      take: limit,
    });
  }

  findIn(manager: EntityManager, id: string): Promise<OutboxMessageEntity | null> {
    return manager.findOneBy(OutboxMessageEntity, { id });
  }

  /** Whether a newer message of its lane was sent. */
  isOvertaken(manager: EntityManager, { id, lane }: OutboxMessageEntity): Promise<boolean> {
    return manager.existsBy(OutboxMessageEntity, { lane, id: MoreThan(id), status: 'sent' });
  }

  /** The newest id of all, or `null`. */
  async newest(): Promise<string | null> {
    return (await this.list({}, 1))[0]?.id ?? null;
  }

  /** When the oldest one was written that waits, or `null`. */
  async oldestPending(): Promise<number | null> {
    const [first] = await this.read.manager.find(OutboxMessageEntity, {
      where: { status: 'pending' },
      order: { id: 'ASC' },
      take: 1,
    });
    return first?.createdAt ?? null;
  }

  /** The oldest that are settled and sort before `bound`. */
  async settledBefore(bound: string, limit: number): Promise<string[]> {
    const rows = await this.read.manager.find(OutboxMessageEntity, {
      select: { id: true },
      where: { id: LessThan(bound), status: Not('pending') },
      order: { id: 'ASC' },
      take: limit,
    });
    return rows.map(({ id }) => id);
  }

  async remove(manager: EntityManager, ids: readonly string[]): Promise<void> {
    await manager.delete(OutboxMessageEntity, { id: In([...ids]) });
  }
}
