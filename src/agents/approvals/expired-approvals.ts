import { Injectable } from '@nestjs/common';

import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import type { RetentionTask } from '../../kernel/retention.js';
import { Transactions } from '../../persistence/transactions.js';
import { ApprovalRepository } from './approval.repository.js';

const AT_A_TIME = 500;

/** Removes approvals of runs that are gone. Their answers stay in the audit. */
@Injectable()
export class ExpiredApprovals implements RetentionTask {
  readonly name = 'approvals';

  constructor(
    private readonly transactions: Transactions,
    private readonly rows: ApprovalRepository,
  ) {}

  async removeSome(): Promise<number> {
    const ids = await this.rows.ofGoneRuns(AT_A_TIME);
    if (ids.length === 0) return 0;
    return this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      await this.rows.remove(tx.manager, ids);
      const details = { count: ids.length };
      tx.audit({ action: 'approvals.expired', target: 'approvals', details });
      return ids.length;
    });
  }
}
