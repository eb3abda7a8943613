import { Injectable } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { HardeningChecks } from '../kernel/hardening.js';
import { Metrics } from '../metrics/metrics.js';
import { Deliveries } from './inbox/delivery.repository.js';
import { SourceSecrets } from './secrets/source-secrets.js';
import { WebhookSecretsCheck } from './webhook-secrets.check.js';
import { WebhookSources } from './webhook-sources.js';

/** What the checklist and the metrics are told of webhooks. */
@Injectable()
export class WebhookReports {
  constructor(
    private readonly sources: WebhookSources,
    private readonly secrets: SourceSecrets,
    private readonly deliveries: Deliveries,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly checks: HardeningChecks,
  ) {}

  register(): void {
    this.checks.register(new WebhookSecretsCheck(this.sources, this.secrets));
    this.metrics.oldestUnhandledSeconds = async () => {
      const oldest = await this.deliveries.oldestPending();
      return oldest === null ? 0 : Math.max(0, (this.clock.now() - oldest) / 1000);
    };
  }
}
