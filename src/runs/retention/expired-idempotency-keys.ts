import { Injectable } from '@nestjs/common';

import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import type { RetentionTask } from '../../kernel/retention.js';
import { Transactions } from '../../persistence/transactions.js';
import { IdempotencyKeys } from '../idempotency-key.repository.js';

const AT_A_TIME = 500;

/** Removes idempotency keys that nobody can use any more. */
@Injectable()
export class ExpiredIdempotencyKeys implements RetentionTask {
  readonly name = 'idempotency_keys';

  constructor(
    private readonly transactions: Transactions,
    private readonly keys: IdempotencyKeys,
  ) {}

  async removeSome(): Promise<number> {
    if (!(await this.keys.hasExpired())) return 0;
    return this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const count = await this.keys.removeExpired(tx.manager, AT_A_TIME);
      tx.audit({
        action: 'idempotency_keys.expired',
        target: 'idempotency_keys',
        details: { count },
      });
      return count;
    });
  }
}
