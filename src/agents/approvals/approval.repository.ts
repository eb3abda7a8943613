import { Injectable } from '@nestjs/common';
import { In, IsNull, LessThan, type EntityManager } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';
import { ApprovalEntity, type ApprovalRow } from './approval.entity.js';

export type Decided = Pick<ApprovalRow, 'decision' | 'decidedAt' | 'decidedBy'>;

/** The rows of approvals. */
@Injectable()
export class ApprovalRepository {
  constructor(private readonly read: ReadSource) {}

  /** The last asked first. */
  list(runId: string, before: string | undefined, limit: number): Promise<ApprovalRow[]> {
    return this.read.manager.find(ApprovalEntity, {
      where: { runId, ...(before !== undefined && { id: LessThan(before) }) },
      order: { id: 'DESC' },
      take: limit,
    });
  }

  find(manager: EntityManager, runId: string, id: string): Promise<ApprovalRow | null> {
    return manager.findOneBy(ApprovalEntity, { runId, id });
  }

  findQuestion(
    manager: EntityManager,
    runId: string,
    question: string,
  ): Promise<ApprovalRow | null> {
    return manager.findOneBy(ApprovalEntity, { runId, question });
  }

  async insert(manager: EntityManager, row: ApprovalRow): Promise<void> {
    await manager.insert(ApprovalEntity, row);
  }

  async decide(manager: EntityManager, id: string, decided: Decided): Promise<void> {
    await manager.update(ApprovalEntity, { id }, decided);
  }

  /** The oldest of those whose runs are not kept any more. */
  async ofGoneRuns(limit: number): Promise<string[]> {
    const rows: { id: string }[] = await this.read.manager.query(
      `SELECT approvals.id AS id FROM approvals LEFT JOIN runs ON runs.id = approvals.run_id
       WHERE runs.id IS NULL ORDER BY approvals.id LIMIT ${String(limit)}`,
    );
    return rows.map(({ id }) => id);
  }

  async remove(manager: EntityManager, ids: readonly string[]): Promise<void> {
    await manager.delete(ApprovalEntity, { id: In(ids) });
  }

  /** Of a turn, those that nobody has answered; at most 16. */
  open(manager: EntityManager, runId: string, turn: number): Promise<ApprovalRow[]> {
    return manager.find(ApprovalEntity, {
      where: { runId, turn, decision: IsNull() },
      order: { id: 'ASC' },
      take: 16,
    });
  }
}
