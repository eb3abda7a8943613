import { Injectable } from '@nestjs/common';
import { In, IsNull, Not, type EntityManager } from 'typeorm';

import { firstIdAt } from '../kernel/ids.js';
import { ReadSource } from '../persistence/read-source.js';
import { AgentRunEntity } from './agents/agent-run.entity.js';
import { pageOf } from './page-limit.js';
import {
  ACTIVE_STATUSES,
  EXECUTED_STATUSES,
  assertTransition,
  type RunStatus,
} from './run-status.js';
import { RunEntity } from './run.entity.js';
import { RunningCommandEntity } from './running-command.entity.js';
import { TurnEntity } from './turns/turn.entity.js';

export interface RunFilter {
  issue?: string | undefined;
  status?: RunStatus | undefined;
  /** Only runs older than this one. */
  before?: string | undefined;
}

/** A run that waits for a turn to be asked for. */
export type IdleRun = Pick<RunEntity, 'id' | 'idleMoment'> & { idleSince: number };

/** The rows of runs: reads of what is committed, and the writes of a transaction. */
@Injectable()
export class RunRepository {
  constructor(private readonly read: ReadSource) {}

  find(id: string): Promise<RunEntity | null> {
    return this.read.manager.findOneBy(RunEntity, { id });
  }

  /** Newest first; fewer than `limit` where their requests are large, and at least one if any. */
  async list(filter: RunFilter, limit: number): Promise<{ runs: RunEntity[]; more: boolean }> {
    const candidates = await this.#candidates(filter, limit + 1);
    const ids = pageOf(candidates, limit).map(({ id }) => id);
    const runs = await this.read.manager.find(RunEntity, {
      where: { id: In(ids) },
      order: { id: 'DESC' },
    });
    return { runs, more: candidates.length > ids.length };
  }

  /** Ids of the issue's runs that have not finished, and of those among `ids`; the last first. */
  async unfinishedOf(issue: string, ids: readonly string[]): Promise<string[]> {
    const status = In(['queued', ...ACTIVE_STATUSES]);
    const found = await this.read.manager.find(RunEntity, {
      select: { id: true },
      where: [
        { issue, status },
        { id: In(ids), status },
      ],
      order: { id: 'DESC' },
    });
    return found.map(({ id }) => id);
  }

  #candidates(filter: RunFilter, limit: number): Promise<{ id: string; size: number }[]> {
    const { issue, status, before } = filter;
    // In bytes, which SQLite tells without reading the text; its characters it would have to count.
    const query = this.read.manager
      .createQueryBuilder(RunEntity, 'run')
      .select('run.id', 'id')
      .addSelect(
        'OCTET_LENGTH(run.request) + COALESCE(OCTET_LENGTH(run.sandboxReport), 0)',
        'size',
      );
    if (issue !== undefined) query.andWhere('run.issue = :issue', { issue });
    if (status !== undefined) query.andWhere('run.status = :status', { status });
    if (before !== undefined) query.andWhere('run.id < :before', { before });
    return query.orderBy('run.id', 'DESC').limit(limit).getRawMany();
  }

  /** Those of the ids that runs have. */
  async knownOf(ids: readonly string[]): Promise<Set<string>> {
    const found = await this.read.manager.find(RunEntity, {
      select: { id: true },
      where: { id: In([...ids]) },
    });
    return new Set(found.map(({ id }) => id));
  }

  /** Runs that a service that is gone left in the middle of a turn. */
  interrupted(): Promise<RunEntity[]> {
    return this.read.manager.findBy(RunEntity, { status: In([...EXECUTED_STATUSES]) });
  }

  /** Runs that wait for a turn to be asked for, the one that has waited longest first. */
  longestIdle(limit: number): Promise<IdleRun[]> {
    return this.read.manager.find(RunEntity, {
      select: { id: true, idleSince: true, idleMoment: true },
      where: { status: 'idle', idleSince: Not(IsNull()) },
      order: { idleSince: 'ASC' },
      take: limit,
    }) as Promise<IdleRun[]>;
  }

  /** The oldest runs that are not over yet. */
  unfinished(limit: number): Promise<RunEntity[]> {
    return this.read.manager.find(RunEntity, {
      where: { status: In(['queued', ...ACTIVE_STATUSES]) },
      order: { id: 'ASC' },
      take: limit,
    });
  }

  /** The oldest finished runs, by their ids. Old runs come first in the key, so it looks no further. */
  async finishedBefore(time: number, limit: number): Promise<string[]> {
    const rows = await this.read.manager
      .createQueryBuilder(RunEntity, 'run')
      .select('run.id', 'id')
      .where('run.id < :bound', { bound: firstIdAt(time) })
      .andWhere('run.finishedAt < :time', { time })
      .orderBy('run.id', 'ASC')
      .limit(limit)
      .getRawMany<{ id: string }>();
    return rows.map(({ id }) => id);
  }

  /** Their turns go with them, and what their agents remember. */
  async remove(manager: EntityManager, ids: readonly string[]): Promise<void> {
    await manager.delete(TurnEntity, { runId: In([...ids]) });
    await manager.delete(AgentRunEntity, { runId: In([...ids]) });
    await manager.delete(RunEntity, { id: In([...ids]) });
  }

  /** Those of the ids that have a row. */
  async existing(ids: readonly string[]): Promise<Set<string>> {
    const rows = await this.read.manager.find(RunEntity, {
      where: { id: In([...ids]) },
      select: { id: true },
    });
    return new Set(rows.map(({ id }) => id));
  }

  /** Whether a run has the issue's workspace. Seen from inside a transaction. */
  isActive(manager: EntityManager, issue: string): Promise<boolean> {
    return manager.existsBy(RunEntity, { issue, status: In([...ACTIVE_STATUSES]) });
  }

  /** As it is inside the transaction, or `null`. */
  findIn(manager: EntityManager, id: string): Promise<RunEntity | null> {
    return manager.findOneBy(RunEntity, { id });
  }

  async insert(manager: EntityManager, run: RunEntity): Promise<void> {
    await manager.insert(RunEntity, run);
  }

  /**
   * Moves a run to another state and sets what comes with it. What was kept to go on with its
   * command is gone as soon as it is not `running` any more.
   *
   * @throws IllegalTransitionError when the run cannot go there from where it is now.
   */
  async transition(
    manager: EntityManager,
    id: string,
    to: RunStatus,
    changes: Partial<RunEntity> = {},
  ): Promise<void> {
    const run = await manager.findOneByOrFail(RunEntity, { id });
    assertTransition(run.status, to);
    await manager.update(RunEntity, { id }, { ...changes, status: to });
    if (run.status === 'running') await manager.delete(RunningCommandEntity, { runId: id });
  }

  async keepCommand(manager: EntityManager, command: RunningCommandEntity): Promise<void> {
    await manager.insert(RunningCommandEntity, command);
  }

  /** `null` unless the run is `running`. */
  keptCommand(runId: string): Promise<RunningCommandEntity | null> {
    return this.read.manager.findOneBy(RunningCommandEntity, { runId });
  }

  async update(manager: EntityManager, id: string, changes: Partial<RunEntity>): Promise<void> {
    await manager.update(RunEntity, { id }, changes);
  }
}
