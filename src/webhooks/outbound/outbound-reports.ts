import { Injectable } from '@nestjs/common';

import { AuditFeed } from '../../audit/audit-feed.js';
import { Clock } from '../../kernel/clock.js';
import { Metrics } from '../../metrics/metrics.js';
import { OutboxMessages } from './outbox/outbox-messages.repository.js';
import { OutboxSender } from './sender/outbox-sender.js';

/** What the sender is told of the service, and the service of the outbox. */
@Injectable()
export class OutboundReports {
  constructor(
    private readonly feed: AuditFeed,
    private readonly sender: OutboxSender,
    private readonly messages: OutboxMessages,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  register(): void {
    // Every start and end of a run is audited, and told here when it is committed.
    this.feed.subscribe((rows) => {
      if (rows.some(({ action }) => action.startsWith('run.'))) this.sender.poke();
      return Promise.resolve();
    });
    this.metrics.oldestUnsentSeconds = async () => {
      const oldest = await this.messages.oldestPending();
      return oldest === null ? 0 : Math.max(0, (this.clock.now() - oldest) / 1000);
    };
  }
}
