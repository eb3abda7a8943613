import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { ReadSource } from '../../../persistence/read-source.js';
import type { OutboundTarget, Wishes } from '../wishes.js';
import { OutboxFollowEntity } from './outbox-follow.entity.js';

export interface Followed {
  readonly target: OutboundTarget;
  readonly wishes: Wishes;
}

/** Which runs somebody is to be told of. */
@Injectable()
export class OutboxFollows {
  constructor(private readonly read: ReadSource) {}

  async add(manager: EntityManager, runId: string, { target, wishes }: Followed): Promise<void> {
    const row = { runId, target: JSON.stringify(target), wishes: JSON.stringify(wishes) };
    await manager.insert(OutboxFollowEntity, row);
  }

  /** As it is inside the transaction, or `null`. */
  async find(manager: EntityManager, runId: string): Promise<Followed | null> {
    const row = await manager.findOneBy(OutboxFollowEntity, { runId });
    if (row === null) return null;
    const target = JSON.parse(row.target) as OutboundTarget;
    return { target, wishes: JSON.parse(row.wishes) as Wishes };
  }

  async remove(manager: EntityManager, runId: string): Promise<void> {
    await manager.delete(OutboxFollowEntity, { runId });
  }

  /** Ids of runs that come behind `after`, in order. */
  async runIds(after: string, limit: number): Promise<string[]> {
    const rows = await this.read.manager
      .createQueryBuilder(OutboxFollowEntity, 'follow')
      .where('follow.runId > :after', { after })
      .orderBy('follow.runId', 'ASC')
      .limit(limit)
      .getMany();
    return rows.map(({ runId }) => runId);
  }
}
