import { Injectable } from '@nestjs/common';

import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import { RunRepository } from '../run.repository.js';
import { RunUsageRepository, type Spent } from './run-usage.repository.js';
import { counted, tokensOf, type CountedThread, type UsageRow } from './used-tokens.js';

/** What a run has used, and all kept runs of its issue together, itself included. */
export interface SpentSoFar {
  readonly run: Spent;
  readonly issue: Spent;
}

/** What agents have used of their models. */
@Injectable()
export class RunUsages {
  constructor(
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly usages: RunUsageRepository,
  ) {}

  /** Takes one more count of a run's conversation down; durable when it resolves. */
  count(runId: string, thread: CountedThread): Promise<SpentSoFar> {
    return this.transactions.run(SYSTEM_ORIGIN, async ({ manager }) => {
      const run = await this.runs.findIn(manager, runId);
      if (run === null) throw new Error(`there is no run ${runId} whose usage could be counted`);
      const row = counted(run.usage === null ? null : (JSON.parse(run.usage) as UsageRow), thread);
      await this.usages.put(manager, runId, row);
      return {
        run: { tokens: tokensOf(row), costMicros: row.costMicros ?? 0 },
        issue: await this.usages.ofIssue(run.issue, manager),
      };
    });
  }

  /** As `count` answers, of what is committed. */
  async spent(runId: string): Promise<SpentSoFar> {
    const run = await this.runs.find(runId);
    const row = run === null || run.usage === null ? null : (JSON.parse(run.usage) as UsageRow);
    return {
      run: { tokens: row === null ? 0 : tokensOf(row), costMicros: row?.costMicros ?? 0 },
      issue: await this.usages.ofIssue(run?.issue ?? ''),
    };
  }
}
