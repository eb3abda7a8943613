import { Inject, Module, type OnModuleInit } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { EgressModule } from '../egress/egress.module.js';
import { HardeningChecks, type HardeningCheck } from '../kernel/hardening.js';
import { RunsModule } from '../runs/runs.module.js';
import { ContainerEngine } from '../sandbox/container-engine.js';
import { EngineWatch } from '../sandbox/engine-watch.js';
import { HelperContainers } from '../sandbox/helper-containers.js';
import { SandboxImages } from '../sandbox/sandbox-images.js';
import { SandboxModule } from '../sandbox/sandbox.module.js';
import { KeyUse } from '../secrets/key-use.js';
import { Keyring } from '../secrets/keyring.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { AcknowledgementKeeper } from './acknowledgement-keeper.js';
import { AcknowledgementRepository } from './acknowledgement.repository.js';
import { Acknowledgements } from './acknowledgements.js';
import { ChecklistFreshness } from './checklist-freshness.js';
import { inOrder } from './check-order.js';
import { MasterKeyUseCheck } from './checks/master-key-use.check.js';
import { FencedNetwork } from './fenced-network.js';
import { HardeningController } from './hardening.controller.js';
import { HardeningReports } from './hardening-reports.js';
import { hostChecks } from './host-checks.js';
import { SandboxObserver } from './probe/sandbox-observer.js';
import { Repairs } from './repairs.js';
import { ServiceChecks } from './service-checks.js';

const HOST_CHECKS = Symbol('checks of the host');

@Module({
  imports: [EgressModule, RunsModule, SandboxModule, SecretsModule],
  controllers: [HardeningController],
  providers: [
    AcknowledgementKeeper,
    AcknowledgementRepository,
    Acknowledgements,
    ChecklistFreshness,
    FencedNetwork,
    HardeningReports,
    Repairs,
    SandboxObserver,
    ServiceChecks,
    {
      provide: HOST_CHECKS,
      inject: [Settings, ContainerEngine, EngineWatch, HelperContainers, SandboxImages],
      useFactory: (
        settings: Settings,
        engine: ContainerEngine,
        watch: EngineWatch,
        helpers: HelperContainers,
        images: SandboxImages,
      ): HardeningCheck[] =>
        hostChecks({ settings, engine, helpers, images, info: () => watch.info() }),
    },
  ],
})
export class HardeningModule implements OnModuleInit {
  constructor(
    @Inject(HardeningChecks) private readonly checks: HardeningChecks,
    @Inject(HOST_CHECKS) private readonly ofHost: HardeningCheck[],
    @Inject(ServiceChecks) private readonly ofService: ServiceChecks,
    @Inject(KeyUse) private readonly use: KeyUse,
    @Inject(Keyring) private readonly keyring: Keyring,
  ) {}

  onModuleInit(): void {
    const ours = [...this.ofHost, ...this.ofService.list(), this.#keyUse()];
    for (const check of inOrder(ours)) this.checks.register(check);
  }

  #keyUse(): HardeningCheck {
    return new MasterKeyUseCheck(() => ({
      locked: this.keyring.locked,
      encryptions: this.use.count,
      rotationPending: this.keyring.rotationPending,
    }));
  }
}
