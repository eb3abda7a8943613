import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';

/** What was told of a thing, and for when. */
export interface AppliedState {
  readonly source: string;
  readonly entity: string;
  readonly occurredAt: number;
}

/** Of each thing that deliveries tell the state of: as of when its newest state was handled. */
@Injectable()
export class EntityTimes {
  constructor(private readonly read: ReadSource) {}

  /** Milliseconds; `null` where none was handled. */
  async appliedAt(manager: EntityManager, source: string, entity: string): Promise<number | null> {
    const rows = (await manager.query(
      'SELECT applied_at FROM webhook_entities WHERE source = ? AND entity = ?',
      [source, entity],
    )) as { applied_at: number | string }[];
    return rows[0] === undefined ? null : Number(rows[0].applied_at);
  }

  /** Never goes back. In one statement, however many they are; at most 1,000. */
  async apply(
    manager: EntityManager,
    applied: readonly AppliedState[],
    now: number,
  ): Promise<void> {
    const newest = new Map<string, AppliedState>();
    for (const one of applied) {
      const key = JSON.stringify([one.source, one.entity]);
      const known = newest.get(key);
      if (known === undefined || known.occurredAt < one.occurredAt) newest.set(key, one);
    }
    if (newest.size === 0) return;
    const rows = [...newest.values()];
    await manager.query(
      `INSERT INTO webhook_entities (source, entity, applied_at, updated_at)
       VALUES ${rows.map(() => '(?, ?, ?, ?)').join(', ')}
       ON CONFLICT (source, entity) DO UPDATE SET updated_at = excluded.updated_at,
       applied_at = CASE WHEN excluded.applied_at > webhook_entities.applied_at
         THEN excluded.applied_at ELSE webhook_entities.applied_at END`,
      rows.flatMap(({ source, entity, occurredAt }) => [source, entity, occurredAt, now]),
    );
  }

  /** Whether something was heard of last before that time. */
  async hasQuietSince(time: number): Promise<boolean> {
    return (await quietSince(this.read.manager, time, 1)).length > 0;
  }

  /** Forgets some of those, and answers how many. */
  async forget(manager: EntityManager, time: number, limit: number): Promise<number> {
    const rows = await quietSince(manager, time, limit);
    for (const { source, entity } of rows) {
      const key = [source, entity];
      await manager.query('DELETE FROM webhook_entities WHERE source = ? AND entity = ?', key);
    }
    return rows.length;
  }
}

function quietSince(
  manager: EntityManager,
  time: number,
  limit: number,
): Promise<{ source: string; entity: string }[]> {
  return manager.query(
    'SELECT source, entity FROM webhook_entities WHERE updated_at < ? ORDER BY updated_at LIMIT ?',
    [time, limit],
  );
}
