import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';
import { RunEntity } from '../run.entity.js';
import { tokensOf, type UsageRow } from './used-tokens.js';

/** Tokens and their cost, as limits count them. */
export interface Spent {
  readonly tokens: number;
  /** Of what had a price. */
  readonly costMicros: number;
}

/** What runs have used, in their rows. */
@Injectable()
export class RunUsageRepository {
  constructor(private readonly read: ReadSource) {}

  async put(manager: EntityManager, runId: string, row: UsageRow): Promise<void> {
    const usage = JSON.stringify(row);
    const costMicros = row.costMicros ?? 0;
    const changes = { usage, usedTokens: tokensOf(row), usedCostMicros: costMicros };
    await manager.update(RunEntity, { id: runId }, changes);
  }

  /** Of all runs of the issue that are kept. */
  async ofIssue(issue: string, manager: EntityManager = this.read.manager): Promise<Spent> {
    const sums = await manager
      .createQueryBuilder(RunEntity, 'run')
      .select('COALESCE(SUM(run.usedTokens), 0)', 'tokens')
      .addSelect('COALESCE(SUM(run.usedCostMicros), 0)', 'costMicros')
      .where('run.issue = :issue', { issue })
      .getRawOne<{ tokens: number | string; costMicros: number | string }>();
    return { tokens: Number(sums?.tokens ?? 0), costMicros: Number(sums?.costMicros ?? 0) };
  }
}
