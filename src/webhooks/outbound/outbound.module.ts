import { Inject, Module, type OnModuleInit } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { RetentionTasks } from '../../kernel/retention.js';
import { RunListeners } from '../../runs/run-listener.js';
import { RunsModule } from '../../runs/runs.module.js';
import { SecretsModule } from '../../secrets/secrets.module.js';
import { OutboxController } from './api/outbox.controller.js';
import { ExpiredMessages } from './expired-messages.js';
import { LinearChannel } from './linear/linear.channel.js';
import { OutboundReports } from './outbound-reports.js';
import { OutboxFollows } from './outbox/outbox-follows.repository.js';
import { OutboxMessages } from './outbox/outbox-messages.repository.js';
import { Outbox } from './outbox/outbox.js';
import { OverlookedEnds } from './outbox/overlooked-ends.js';
import { OutboxList } from './outbox-list.js';
import { OutboundChannel } from './sender/channel.js';
import { OutboxSender } from './sender/outbox-sender.js';
import { Sending } from './sender/sending.js';

/** What others are told of runs. Its face is `Outbox`. */
@Module({
  imports: [AuditModule, RunsModule, SecretsModule],
  controllers: [OutboxController],
  providers: [
    ExpiredMessages,
    OutboundReports,
    Outbox,
    OutboxFollows,
    OutboxList,
    OutboxMessages,
    OutboxSender,
    OverlookedEnds,
    Sending,
    { provide: OutboundChannel, useClass: LinearChannel },
  ],
  exports: [Outbox],
})
export class OutboundModule implements OnModuleInit {
  constructor(
    @Inject(OutboundReports) private readonly reports: OutboundReports,
    @Inject(RunListeners) private readonly listeners: RunListeners,
    @Inject(Outbox) private readonly outbox: Outbox,
    @Inject(RetentionTasks) private readonly tasks: RetentionTasks,
    @Inject(ExpiredMessages) private readonly expired: ExpiredMessages,
  ) {}

  onModuleInit(): void {
    this.reports.register();
    this.listeners.register(this.outbox);
    this.tasks.register(this.expired);
  }
}
