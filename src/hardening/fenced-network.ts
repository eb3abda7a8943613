import { Injectable } from '@nestjs/common';

import { Fence } from '../egress/fence.js';
import { ContainerEngine } from '../sandbox/container-engine.js';
import { FencedNetworks } from '../runs/fenced-networks.js';
import { SandboxHost } from '../runs/sandbox-host.js';

/** The sandboxes' network with the fence around it. */
@Injectable()
export class FencedNetwork {
  constructor(
    private readonly engine: ContainerEngine,
    private readonly networks: FencedNetworks,
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
    const { bridge } = await this.networks.current();
    await this.fence.ensure(bridge);
    await this.fence.check();
  }
}
