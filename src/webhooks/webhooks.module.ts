import { Inject, Module, type OnModuleInit } from '@nestjs/common';

import { AuditFeed } from '../audit/audit-feed.js';
import { AuditModule } from '../audit/audit.module.js';
import { Settings } from '../config/settings.js';
import { Clock } from '../kernel/clock.js';
import { RetentionTasks } from '../kernel/retention.js';
import { RunsModule } from '../runs/runs.module.js';
import { SecretVault } from '../secrets/secret-vault.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { Admission } from './admission.js';
import { DeliveriesController } from './api/deliveries.controller.js';
import { sourceController } from './api/source-controller.js';
import { DeliveriesService } from './deliveries.service.js';
import { DispatchHandler } from './dispatch/dispatch.handler.js';
import { DispatchedRuns } from './dispatch/dispatched-runs.js';
import { ExpiredDeliveries } from './expired-deliveries.js';
import { Arrivals } from './inbox/arrivals.repository.js';
import { Deliveries } from './inbox/delivery.repository.js';
import { EntityTimes } from './inbox/entity-times.repository.js';
import { Inbox } from './inbox/inbox.js';
import { OutboundModule } from './outbound/outbound.module.js';
import { SourceSecrets } from './secrets/source-secrets.js';
import { SignatureGate } from './signature-gate.js';
import { githubSource } from './sources/github.source.js';
import { linearSource } from './sources/linear.source.js';
import { standardSource } from './sources/standard.source.js';
import { WebhookIntake } from './webhook-intake.js';
import { WebhookReports } from './webhook-reports.js';
import type { WebhookSource } from './webhook-source.js';
import { WebhookSources } from './webhook-sources.js';
import { Attempts } from './worker/attempts.js';
import { DeliveryHandler } from './worker/delivery-handler.js';
import { DueDeliveries } from './worker/due-deliveries.repository.js';
import { InboxWorker } from './worker/inbox-worker.js';
import { PendingDeliveries } from './worker/pending-deliveries.repository.js';
import { Settling } from './worker/settling.js';

/** Every kind of sender. A new one is a file beside these, and a line here and in the settings' schema. */
const SOURCES: readonly WebhookSource[] = [linearSource, githubSource, standardSource];

@Module({
  imports: [AuditModule, OutboundModule, RunsModule, SecretsModule],
  controllers: [...SOURCES.map(sourceController), DeliveriesController],
  providers: [
    Admission,
    Arrivals,
    Attempts,
    Deliveries,
    DeliveriesService,
    DueDeliveries,
    EntityTimes,
    ExpiredDeliveries,
    Inbox,
    InboxWorker,
    PendingDeliveries,
    Settling,
    SignatureGate,
    WebhookIntake,
    WebhookReports,
    DispatchedRuns,
    { provide: DeliveryHandler, useClass: DispatchHandler },
    {
      provide: WebhookSources,
      inject: [Settings],
      useFactory: (settings: Settings) => new WebhookSources(SOURCES, settings),
    },
    {
      provide: SourceSecrets,
      inject: [SecretVault, Clock],
      useFactory: (vault: SecretVault, clock: Clock) => new SourceSecrets(vault, clock),
    },
  ],
})
export class WebhooksModule implements OnModuleInit {
  constructor(
    @Inject(WebhookReports) private readonly reports: WebhookReports,
    @Inject(SourceSecrets) private readonly secrets: SourceSecrets,
    @Inject(AuditFeed) private readonly feed: AuditFeed,
    @Inject(RetentionTasks) private readonly tasks: RetentionTasks,
    @Inject(ExpiredDeliveries) private readonly expired: ExpiredDeliveries,
  ) {}

  onModuleInit(): void {
    this.reports.register();
    this.tasks.register(this.expired);
    // Every change of a secret is audited, and told here before its caller is answered.
    this.feed.subscribe((rows) => {
      if (rows.some(({ action }) => action.startsWith('secret'))) this.secrets.changed();
      return Promise.resolve();
    });
  }
}
