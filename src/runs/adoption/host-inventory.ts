import { Injectable } from '@nestjs/common';

import { HelperContainers } from '../../sandbox/helper-containers.js';
import { SandboxNetworks } from '../../sandbox/sandbox-networks.js';
import { Sandboxes, type FoundSandbox } from '../../sandbox/sandboxes.js';
import { FencedNetworks } from '../fenced-networks.js';
import type { KeptAddress } from '../network-place.js';
import { RunNetwork } from '../run-network.js';

/** What earlier processes left on this machine. */
@Injectable()
export class HostInventory {
  constructor(
    private readonly helpers: HelperContainers,
    private readonly sandboxes: Sandboxes,
    private readonly network: RunNetwork,
    private readonly networks: SandboxNetworks,
    private readonly fenced: FencedNetworks,
  ) {}

  list(): Promise<FoundSandbox[]> {
    return this.sandboxes.list();
  }

  /** Removes helpers, all sandboxes but the kept, and the files that were mounted into them. */
  async clear(found: readonly FoundSandbox[], kept: ReadonlySet<string>): Promise<void> {
    await this.helpers.removeAll();
    const orphans = found.filter(({ containerId }) => !kept.has(containerId));
    await this.sandboxes.remove(orphans.map(({ containerId }) => containerId));
    const rest = found.filter(({ containerId }) => kept.has(containerId));
    await this.network.removeFilesBut(new Set(rest.map(({ runId }) => runId)));
  }

  /** As `RunNetwork.takeOver`; networks that neither these nor new runs are in are removed. */
  async takeOver(addresses: readonly KeptAddress[]): Promise<void> {
    const kept = addresses.flatMap(({ at }) => (at.mode === 'bridge' ? [at.name] : []));
    await this.networks.removeAllBut(new Set([await this.fenced.currentName(), ...kept]));
    await this.network.takeOver(addresses);
  }
}
