import { Injectable } from '@nestjs/common';
import { In, Not, type EntityManager } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';
import { pageOf } from '../page-limit.js';
import type { RunOutcome } from '../run-outcome.js';
import { withoutValues } from '../run-request.js';
import { ACTIVE_STATUSES, FINAL_STATUSES } from '../run-status.js';
import { RunEntity } from '../run.entity.js';
import { FIRST_TURN, type TurnRequest } from './turn-request.js';
import { TurnEntity } from './turn.entity.js';

/** What the line passes over. */
export interface PassedOver {
  issues: readonly string[];
  /** Runs whose earlier turn has left something on the machine. */
  unclearedRuns: readonly string[];
}

/** All but the sandbox's report, which has a route of its own. */
const SHOWN = [
  'id',
  'runId',
  'number',
  'status',
  'request',
  'actor',
  'createdAt',
  'runningAt',
  'endedAt',
  'exitCode',
  'reason',
  'message',
] as const satisfies readonly (keyof TurnEntity)[];

/** The current turn of a run. */
type Current = Pick<RunEntity, 'id' | 'turn'>;

/** The rows of turns: reads of what is committed, and the writes of a transaction. */
@Injectable()
export class TurnRepository {
  constructor(private readonly read: ReadSource) {}

  /** The id that sorts last, which no run's is behind; `null` while there is no turn. */
  async newest(): Promise<string | null> {
    const [turn] = await this.read.manager.find(TurnEntity, {
      select: { id: true },
      order: { id: 'DESC' },
      take: 1,
    });
    return turn?.id ?? null;
  }

  find(runId: string, number: number): Promise<TurnEntity | null> {
    return this.read.manager.findOneBy(TurnEntity, { runId, number });
  }

  /** In their order; fewer than `limit` where their requests are large, and at least one if any. */
  async list(
    runId: string,
    after: number,
    limit: number,
  ): Promise<{ turns: TurnEntity[]; more: boolean }> {
    const candidates = await this.read.manager
      .createQueryBuilder(TurnEntity, 'turn')
      .select('turn.number', 'number')
      .addSelect('COALESCE(OCTET_LENGTH(turn.request), 0)', 'size')
      .where('turn.runId = :runId AND turn.number > :after', { runId, after })
      .orderBy('turn.number', 'ASC')
      .limit(limit + 1)
      .getRawMany<{ number: number; size: number }>();
    const numbers = pageOf(candidates, limit).map(({ number }) => number);
    const turns = await this.read.manager
      .createQueryBuilder(TurnEntity, 'turn')
      .select(SHOWN.map((column) => `turn.${column}`))
      .where({ runId, number: In(numbers) })
      .orderBy('turn.number', 'ASC')
      .getMany();
    return { turns, more: candidates.length > numbers.length };
  }

  /** Whether as many turns wait. Seen from inside a transaction. */
  async lineHolds(manager: EntityManager, count: number): Promise<boolean> {
    const found = (await manager.query(
      `SELECT 1 FROM run_turns WHERE status = 'queued' ORDER BY id LIMIT 1 OFFSET ?`,
      [count - 1],
    )) as unknown[];
    return found.length > 0;
  }

  /**
   * The first turn in line whose workspace is free or its own run's, or `null`. Seen from inside a
   * transaction.
   */
  nextInLine(manager: EntityManager, over: PassedOver): Promise<TurnEntity | null> {
    const waiting = manager
      .createQueryBuilder(TurnEntity, 'turn')
      .innerJoin(RunEntity, 'run', 'run.id = turn.runId')
      .where('turn.status = :queued', { queued: 'queued' });
    const { issues, unclearedRuns } = over;
    if (issues.length > 0) waiting.andWhere('run.issue NOT IN (:...issues)', { issues });
    const further =
      unclearedRuns.length > 0
        ? 'turn.number > :first AND run.id NOT IN (:...unclearedRuns)'
        : 'turn.number > :first';
    return waiting
      .andWhere((query) => {
        const active = query
          .subQuery()
          .select('1')
          .from(RunEntity, 'other')
          .where('other.issue = run.issue')
          .andWhere('other.status IN (:...active)', { active: ACTIVE_STATUSES })
          .getQuery();
        return `((turn.number = :first AND NOT EXISTS ${active}) OR (${further}))`;
      })
      .setParameters({ first: FIRST_TURN, unclearedRuns })
      .orderBy('turn.id', 'ASC')
      .limit(1)
      .getOne();
  }

  async insert(manager: EntityManager, turn: TurnEntity): Promise<void> {
    await manager.insert(TurnEntity, turn);
  }

  async update(manager: EntityManager, run: Current, changes: Partial<TurnEntity>): Promise<void> {
    await manager.update(TurnEntity, { runId: run.id, number: run.turn }, changes);
  }

  /** Ends the run's current turn with this outcome; one that has ended keeps its own. */
  async end(
    manager: EntityManager,
    run: Current & Pick<RunEntity, 'endedAt'>,
    outcome: RunOutcome,
  ): Promise<void> {
    const of = { runId: run.id, number: run.turn, status: Not(In([...FINAL_STATUSES])) };
    const { endedAt } = run;
    const changes: Partial<TurnEntity> = { ...outcome, endedAt };
    if (run.turn !== FIRST_TURN) {
      const turn = await manager.findOneBy(TurnEntity, of);
      if (turn?.request) changes.request = withoutValues(turn.request);
    }
    await manager.update(TurnEntity, of, changes);
  }
}

/** What the turn asked for itself; `null` for a first one. */
export function ownRequest({ request }: TurnEntity): TurnRequest | null {
  return request === null ? null : (JSON.parse(request) as TurnRequest);
}
