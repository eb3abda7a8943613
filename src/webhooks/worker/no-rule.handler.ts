import { Injectable } from '@nestjs/common';

import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import { DeliveryHandler, type HandedDelivery, type Settle } from './delivery-handler.js';

/** While there are no rules, none matches. */
@Injectable()
export class NoRuleHandler extends DeliveryHandler {
  constructor(private readonly transactions: Transactions) {
    super();
  }

  handle(_delivery: HandedDelivery, settle: Settle): Promise<void> {
    return this.transactions.run(SYSTEM_ORIGIN, (tx) =>
      settle(tx, { status: 'ignored', reason: 'no_rule' }),
    );
  }
}
