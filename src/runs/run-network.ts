import { mkdir, rm, writeFile } from 'node:fs/promises';

import { Injectable } from '@nestjs/common';

import { Fence } from '../egress/fence.js';
import { Resolvers } from '../egress/host-resolvers.js';
import { renderResolvConf } from '../egress/resolvers.js';
import { DataDirectory } from '../persistence/data-directory.js';
import type { EffectivePolicy } from '../sandbox/policy.js';
import { SandboxNetworks } from '../sandbox/sandbox-networks.js';

/** Where a run's sandbox stands in the network. */
export type NetworkPlace =
  | { mode: 'none'; resolvConf: string }
  | {
      mode: 'bridge';
      name: string;
      address: string;
      mac: string;
      resolvConf: string;
      /** Resolves when the fence was seen to stand around the address; nothing starts before. */
      confirmed: Promise<void>;
    };

/** How much longer than its run a grant may live: the kernel's last word if the service dies. */
const GRANT_MARGIN_SECONDS = 60;

/** Puts the engine's network and the fence together: addresses are closed unless a turn was granted. */
@Injectable()
export class RunNetwork {
  constructor(
    private readonly networks: SandboxNetworks,
    private readonly fence: Fence,
    private readonly resolvers: Resolvers,
    private readonly directory: DataDirectory,
  ) {}

  /**
   * An address for a run, closed. Without a fence a run that asks for no network gets none at all.
   * A fence that stood when it was last looked at is looked at again while the sandbox is made.
   *
   * @throws DomainError `control_unavailable` when the run asks for the network and no fence stands,
   *   or when the network cannot hold sandboxes; `engine_unavailable`.
   */
  async place(runId: string, policy: EffectivePolicy): Promise<NetworkPlace> {
    const network = await this.networks.ensure(policy.network);
    const stood = this.fence.standing().standing;
    const confirmed = stood ? this.fence.ensure(network) : Promise.resolve();
    // Who waits for it hears of a failure; it may come before anybody waits.
    confirmed.catch(() => undefined);
    const fenced = stood || (await this.#fenced(network, policy.networkAccess));
    const wanted = fenced && policy.networkAccess;
    const resolvConf = await this.#writeResolvConf(
      runId,
      wanted ? await this.resolvers.forOpenSandbox() : [],
    );
    if (!fenced) return { mode: 'none', resolvConf };
    const { address, mac } = this.networks.allocate();
    return { mode: 'bridge', name: network.name, address, mac, resolvConf, confirmed };
  }

  /** Opens the run's address where its policy says so. */
  async open(place: NetworkPlace, policy: EffectivePolicy): Promise<void> {
    if (place.mode === 'none' || !policy.networkAccess) return;
    await this.fence.grantOpen({
      address: place.address,
      mac: place.mac,
      resolvers: await this.resolvers.forOpenSandbox(),
      seconds: policy.timeoutSeconds + GRANT_MARGIN_SECONDS,
    });
  }

  /** Closes the address; its connections end. */
  async close(place: NetworkPlace): Promise<void> {
    if (place.mode === 'bridge') await this.fence.revoke(place.address, place.mac);
  }

  /** Gives the address back. Only after it was closed and its sandbox removed. */
  async release(runId: string, place: NetworkPlace): Promise<void> {
    if (place.mode === 'bridge') this.networks.release(place.address);
    await rm(this.#resolvConfOf(runId), { force: true });
  }

  /** Removes the files of all runs; for when no sandbox is left that has one mounted. */
  async removeFiles(): Promise<void> {
    await rm(this.directory.path('resolv'), { recursive: true, force: true });
  }

  /** Calls `onBroken` when the fence cannot be kept while the run is behind it. */
  watch(place: NetworkPlace, onBroken: () => void): () => void {
    if (place.mode === 'none') return () => undefined;
    return this.fence.watch((broken) => {
      if (!broken.repaired) onBroken();
    });
  }

  /** Looks at the fence once more, now that the sandbox has its port on the bridge. Never throws. */
  async recheck(place: NetworkPlace, onBroken: () => void): Promise<void> {
    if (place.mode === 'none') return;
    await this.fence.check().catch(onBroken);
  }

  async #fenced(
    network: { bridge: string; subnet: string; gateway: string },
    required: boolean,
  ): Promise<boolean> {
    try {
      await this.fence.ensure(network);
      return true;
    } catch (error) {
      if (required) throw error;
      return false;
    }
  }

  async #writeResolvConf(runId: string, resolvers: readonly string[]): Promise<string> {
    const path = this.#resolvConfOf(runId);
    await mkdir(this.directory.path('resolv'), { recursive: true, mode: 0o700 });
    // Read by the sandbox's user, through a mount of this one file.
    await writeFile(path, renderResolvConf(resolvers), { mode: 0o644 });
    return path;
  }

  #resolvConfOf(runId: string): string {
    return this.directory.path('resolv', `${runId}.conf`);
  }
}
