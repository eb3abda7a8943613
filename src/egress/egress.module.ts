import { Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';

import { AuthModule } from '../auth/auth.module.js';
import { DeniedPeers } from '../auth/denied-peers.js';
import { LiveSettings } from '../config/live-settings.js';
import { Settings } from '../config/settings.js';
import { Clock } from '../kernel/clock.js';
import { ReadinessProbes } from '../kernel/readiness.js';
import { RuntimeFacts } from '../kernel/runtime-facts.js';
import { DataDirectory } from '../persistence/data-directory.js';
import { DecisionFeed } from './decisions/decision-feed.js';
import { DecisionMetrics } from './decisions/decision-metrics.js';
import { DecisionTrail } from './decisions/decision-trail.js';
import { DecisionRecorder } from './decisions/decision.js';
import { EgressDecisions } from './decisions/egress-decision.repository.js';
import { StoredDecisions } from './decisions/stored-decisions.js';
import { EgressReport } from './egress-report.js';
import { Fence } from './fence.js';
import { FenceHelperSlot } from './fence-helper-launcher.js';
import { FenceReport } from './fence-report.js';
import { EGRESS_GATEWAY } from './gateway-factory.js';
import { EgressGateway } from './gateway/egress-gateway.js';
import { HelperFenceBackend } from './helper-fence-backend.js';
import { Resolvers } from './host-resolvers.js';
import { LocalFenceBackend } from './local-fence-backend.js';
import { tableName } from './ruleset.js';

@Module({
  imports: [AuthModule],
  providers: [
    EGRESS_GATEWAY,
    DecisionFeed,
    DecisionMetrics,
    DecisionTrail,
    EgressDecisions,
    FenceHelperSlot,
    StoredDecisions,
    { provide: DecisionRecorder, useExisting: StoredDecisions },
    {
      provide: Fence,
      inject: [DataDirectory, DeniedPeers, Clock, FenceHelperSlot],
      useFactory: (
        dataDirectory: DataDirectory,
        deniedPeers: DeniedPeers,
        clock: Clock,
        slot: FenceHelperSlot,
      ) =>
        new Fence({
          table: tableName(dataDirectory.instanceId),
          backends: [new LocalFenceBackend(), new HelperFenceBackend(slot)],
          deniedPeers,
          clock,
        }),
    },
    {
      provide: Resolvers,
      inject: [Settings],
      useFactory: (settings: Settings) => new Resolvers(settings.codex.sandbox.dns),
    },
  ],
  exports: [DecisionRecorder, DecisionTrail, EgressGateway, Fence, FenceHelperSlot, Resolvers],
})
export class EgressModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(Fence) private readonly fence: Fence,
    @Inject(EgressGateway) private readonly gateway: EgressGateway,
    @Inject(LiveSettings) private readonly settings: LiveSettings,
    @Inject(StoredDecisions) private readonly decisions: StoredDecisions,
    @Inject(ReadinessProbes) private readonly probes: ReadinessProbes,
    @Inject(RuntimeFacts) private readonly facts: RuntimeFacts,
  ) {}

  onModuleInit(): void {
    const report = new FenceReport(this.fence);
    this.probes.register(report);
    this.facts.register(report);
    this.facts.register(new EgressReport(this.gateway, this.settings));
  }

  /** After the runs have ended; the rules stay in the kernel, so that a stopped service opens nothing. */
  async onApplicationShutdown(): Promise<void> {
    await this.gateway.close();
    await this.fence.shutdown();
    await this.decisions.close();
  }
}
