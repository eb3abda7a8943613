import { Module } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { Metrics } from '../metrics/metrics.js';
import { ContainerEngine } from './container-engine.js';
import { DockerEngine } from './docker/docker-engine.js';
import { EngineWatch } from './engine-watch.js';
import { HelperContainers } from './helper-containers.js';
import { LateRemovals } from './late-removals.js';
import { SandboxFacts } from './sandbox-facts.js';
import { SandboxImages } from './sandbox-images.js';
import { SandboxNetworks } from './sandbox-networks.js';
import { Sandboxes } from './sandboxes.js';

@Module({
  providers: [
    {
      provide: ContainerEngine,
      inject: [Settings, Metrics],
      useFactory: (settings: Settings, { engineCalls }: Metrics) =>
        new DockerEngine(settings.dockerHost, (operation, outcome, seconds) =>
          engineCalls.observe({ operation, outcome }, seconds),
        ),
    },
    EngineWatch,
    HelperContainers,
    LateRemovals,
    SandboxFacts,
    SandboxImages,
    SandboxNetworks,
    Sandboxes,
  ],
  exports: [
    ContainerEngine,
    EngineWatch,
    HelperContainers,
    SandboxImages,
    SandboxNetworks,
    Sandboxes,
  ],
})
export class SandboxModule {}
