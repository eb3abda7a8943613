import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { Fence } from '../egress/fence.js';
import { ContainerEngine } from '../sandbox/container-engine.js';
import { SandboxHost } from '../runs/sandbox-host.js';
import { SandboxNetworks } from '../sandbox/sandbox-networks.js';

/** The sandboxes' network with the fence around it. */
@Injectable()
export class FencedNetwork {
  constructor(
    private readonly settings: Settings,
    private readonly engine: ContainerEngine,
    private readonly networks: SandboxNetworks,
    private readonly fence: Fence,
    private readonly host: SandboxHost,
  ) {}

  /** The engine shares this machine. */
  get local(): boolean {
    return this.engine.local;
  }

  /** @throws DomainError `control_unavailable`, `engine_unavailable` */
  async ensure(): Promise<void> {
    this.host.network.assertTookOver();
    await this.fence.ensure(await this.networks.ensure(this.settings.codex.sandbox.network));
    await this.fence.check();
  }
}
