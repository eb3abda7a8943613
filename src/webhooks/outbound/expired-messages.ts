import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { firstIdAt } from '../../kernel/ids.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import type { RetentionTask } from '../../kernel/retention.js';
import { BelievedTime } from '../../persistence/believed-time.js';
import { Transactions } from '../../persistence/transactions.js';
import { OutboxMessages } from './outbox/outbox-messages.repository.js';

const DAY_MS = 86_400_000;
const AT_A_TIME = 500;

/** Removes messages that were settled and written long ago. Those that wait are kept. */
@Injectable()
export class ExpiredMessages implements RetentionTask {
  readonly name = 'outbox_messages';

  constructor(
    private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly messages: OutboxMessages,
    private readonly time: BelievedTime,
  ) {}

  async removeSome(): Promise<number> {
    const { outboxDays } = this.settings.retention;
    if (outboxDays === 0) return 0;
    const now = await this.time.now();
    if (now === null) return 0;
    const before = now - outboxDays * DAY_MS;
    const ids = await this.messages.settledBefore(firstIdAt(before), AT_A_TIME);
    if (ids.length === 0) return 0;
    const details = { count: ids.length, writtenBefore: new Date(before).toISOString() };
    return this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      await this.messages.remove(tx.manager, ids);
      tx.audit({ action: 'outbox.expired', target: 'outbox_messages', details });
      return ids.length;
    });
  }
}
