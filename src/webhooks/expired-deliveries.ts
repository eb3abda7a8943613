import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { firstIdAt } from '../kernel/ids.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import type { RetentionTask } from '../kernel/retention.js';
import { BelievedTime } from '../persistence/believed-time.js';
import { Transactions } from '../persistence/transactions.js';
import { Arrivals } from './inbox/arrivals.repository.js';
import { EntityTimes } from './inbox/entity-times.repository.js';

const DAY_MS = 86_400_000;
const AT_A_TIME = 200;

/**
 * Removes deliveries that were settled and came long ago. The least is a day, thrice what a sender's
 * last retry is late by: what a retry is recognised by is always there. Those that wait are kept.
 */
@Injectable()
export class ExpiredDeliveries implements RetentionTask {
  readonly name = 'webhook_deliveries';

  constructor(
    private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly arrivals: Arrivals,
    private readonly times: EntityTimes,
    private readonly time: BelievedTime,
  ) {}

  async removeSome(): Promise<number> {
    const { deliveriesDays } = this.settings.retention;
    if (deliveriesDays === 0) return 0;
    const now = await this.time.now();
    if (now === null) return 0;
    const before = now - deliveriesDays * DAY_MS;
    const bound = firstIdAt(before);
    const deliveries = await this.arrivals.hasSettledBefore(bound);
    if (!deliveries && !(await this.times.hasQuietSince(before))) return 0;
    return this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      if (!deliveries) return this.times.forget(tx.manager, before, AT_A_TIME);
      const count = await this.arrivals.removeSettled(tx.manager, bound, AT_A_TIME);
      const receivedBefore = new Date(before).toISOString();
      const details = { count, receivedBefore };
      tx.audit({ action: 'webhooks.expired', target: 'webhook_deliveries', details });
      return count;
    });
  }
}
