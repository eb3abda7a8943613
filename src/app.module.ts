import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';

import { AgentsModule } from './agents/agents.module.js';
import { CodexModule } from './agents/codex/codex.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AccessGuard } from './auth/access.guard.js';
import { AuthModule } from './auth/auth.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { HardeningModule } from './hardening/hardening.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import type { RequestObservers } from './http/request-observers.js';
import type { UntrustedForwarders } from './http/untrusted-forwarders.js';
import { KernelModule } from './kernel/kernel.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { PersistenceModule } from './persistence/persistence.module.js';
import { RetentionModule } from './retention/retention.module.js';
import { RunsModule } from './runs/runs.module.js';
import { SecretsModule } from './secrets/secrets.module.js';
import { SettingsModule } from './settings/settings.module.js';
import { RateLimitGuard } from './throttle/rate-limit.guard.js';
import { ThrottleModule } from './throttle/throttle.module.js';
import { OutboundModule } from './webhooks/outbound/outbound.module.js';
import { settingsProblems } from './judged-settings.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/**
 * All global guards, in the order in which they run: whoever is past the limit learns nothing about
 * tokens. They are registered here alone, because Nest orders guards of different modules by how it
 * happens to discover those.
 */
export const GLOBAL_GUARDS = [RateLimitGuard, AccessGuard] as const;

@Module({})
export class AppModule {
  static forSettings(
    settings: Settings,
    observers: RequestObservers,
    forwarders: UntrustedForwarders,
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forSettings(settings, settingsProblems),
        KernelModule,
        HttpModule.forObservers(observers, forwarders),
        MetricsModule,
        PersistenceModule,
        AuthModule,
        ThrottleModule,
        AuditModule,
        SecretsModule,
        SettingsModule,
        RunsModule,
        AgentsModule,
        CodexModule,
        WebhooksModule,
        OutboundModule,
        RetentionModule,
        HealthModule,
        HardeningModule,
      ],
      providers: GLOBAL_GUARDS.map((guard) => ({ provide: APP_GUARD, useExisting: guard })),
    };
  }
}
