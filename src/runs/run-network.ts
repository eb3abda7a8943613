import { Injectable } from '@nestjs/common';

import type { BridgeToFence } from '../egress/fence-contract.js';
import { Fence } from '../egress/fence.js';
import type { Grant } from '../egress/fenced-bridge.js';

import { proxyEnvironment, type GatewayCredentials } from '../egress/gateway/proxy-environment.js';
import { routeUrls } from '../egress/gateway/routes/route-environment.js';
import { Resolvers } from '../egress/host-resolvers.js';
import { DomainError } from '../kernel/domain-error.js';
import { reachesOut, type EffectivePolicy } from '../sandbox/policy.js';
import { SandboxNetworks } from '../sandbox/sandbox-networks.js';
import { FencedNetworks, type GatedNetwork } from './fenced-networks.js';
import { NetworkGate, type GrantedTurn } from './network-gate.js';
import type { BridgeAddress, KeptAddress, NetworkAddress, NetworkPlace } from './network-place.js';
import { ResolvFiles } from './resolv-files.js';
import { isPassing } from './passing-fault.js';

/** Puts the engine's networks, the fence and the gateway together: addresses are closed unless a turn was granted network access. */
@Injectable()
export class RunNetwork {
  #tookOver = false;

  constructor(
    private readonly networks: SandboxNetworks,
    private readonly fenced: FencedNetworks,
    private readonly fence: Fence,
    private readonly gate: NetworkGate,
    private readonly resolvers: Resolvers,
    private readonly files: ResolvFiles,
  ) {}

  /**
   * An address for a run, closed. Without a fence a run that asks for no network gets none at all.
   * A fence that stood when it was last looked at is looked at again while the sandbox is made.
   *
   * @throws DomainError `control_unavailable` when the run asks for the network and no fence stands,
   *   or when the network cannot hold sandboxes; `egress_unenforceable` for a run that is to be
   *   filtered; `engine_unavailable`, before `takeOver` too. Passing, by its cause, where the machine is
   *   out of something.
   */
  async place(runId: string, policy: EffectivePolicy): Promise<NetworkPlace> {
    this.assertTookOver();
    const network = await this.fenced.of(policy);
    const stood = this.fence.standing().standing;
    const fencing = this.fenced.ensureFence(network, policy);
    // Who waits for it hears of a failure; it may come before anybody waits.
    fencing.catch(() => undefined);
    const isFenced = stood || (await held(fencing, reachesOut(policy)));
    const open = isFenced && policy.networkAccess && network.gateway === null;
    const asked = open ? await this.resolvers.forOpenSandbox() : [];
    const resolvConf = await this.files.write(runId, asked);
    if (!isFenced) return { mode: 'none', resolvConf };
    const at = { name: network.name, gateway: network.gateway };
    return {
      mode: 'bridge',
      ...at,
      ...this.networks.allocate(network.name),
      resolvConf,
      confirmed: stood ? fencing : Promise.resolve(),
    };
  }

  /**
   * Opens the run's address where its policy says so.
   *
   * @throws NoLongerOpenError, DomainError
   */
  async open(place: NetworkPlace, policy: EffectivePolicy, turn: GrantedTurn): Promise<void> {
    if (place.mode === 'none' || !reachesOut(policy)) return;
    await this.gate.open(place, turn, policy.timeoutSeconds);
  }

  /** What a sandbox shows at the gateway; `null` where it has none to show it to. */
  credentials(place: NetworkPlace, runId: string, turn: number): GatewayCredentials | null {
    if (place.mode === 'none' || place.gateway === null) return null;
    return this.gate.credentials(runId, turn);
  }

  /** By which programs in the sandbox find the gateway; empty where there is none. */
  proxyEnvironment(place: NetworkPlace, runId: string, turn: number): Record<string, string> {
    const credentials = this.credentials(place, runId, turn);
    if (credentials === null || place.mode === 'none' || place.gateway === null) return {};
    return proxyEnvironment(place.gateway, credentials);
  }

  /** The base URL of each of the turn's credential routes, by name; empty where there is no gateway. */
  routes(place: NetworkPlace, { credentialRoutes }: EffectivePolicy): Record<string, string> {
    if (place.mode === 'none' || place.gateway === null) return {};
    return routeUrls(place.gateway, credentialRoutes);
  }

  /**
   * Takes the addresses of sandboxes over that live on from an earlier process: nobody else gets
   * them, and those that are open stay so, connections included. Before the first `place`: a fence
   * that was put up without them would have closed them.
   *
   * @throws DomainError `control_unavailable` when no fence can be put around them again;
   *   `engine_unavailable`.
   */
  async takeOver(kept: readonly KeptAddress[]): Promise<void> {
    try {
      await this.#takeOver(kept);
    } catch (error) {
      // It will not stand for them later either; who is not fenced is ended.
      this.#tookOver = error instanceof DomainError && error.code === 'control_unavailable';
      throw error;
    }
    this.#tookOver = true;
  }

  /** @throws DomainError `engine_unavailable` while sandboxes of an earlier process may still be open. */
  assertTookOver(): void {
    if (this.#tookOver) return;
    throw new DomainError(
      'engine_unavailable',
      'What an earlier service left has not been taken over yet; it waits for the container engine',
      { retryAfterSeconds: 5 },
    );
  }

  /** All networks at once: what is not named when a fence is first put up is closed. */
  async #takeOver(kept: readonly KeptAddress[]): Promise<void> {
    const bridged = kept.flatMap((one) =>
      one.at.mode === 'bridge' ? [{ ...one, at: one.at }] : [],
    );
    const wanted: BridgeToFence[] = [];
    for (const name of new Set(bridged.map(({ at }) => at.name))) {
      const here = bridged.filter(({ at }) => at.name === name);
      const filtered = here.some(({ at }) => at.gateway !== null);
      const network = await this.fenced.named(name, filtered);
      wanted.push({ bridge: network.bridge, kept: await this.#keptGrants(here, network) });
    }
    if (wanted.length > 0) await this.fence.ensureAll(wanted);
  }

  /** An address that was open stays closed where everything is filtered by now. */
  async #keptGrants(
    kept: readonly (KeptAddress & { at: BridgeAddress })[],
    network: GatedNetwork,
  ): Promise<Grant[]> {
    const grants: Grant[] = [];
    for (const { at, openSeconds, ...turn } of kept) {
      this.networks.reserve(at.name, at.address);
      const alike = (at.gateway === null) === (network.gateway === null);
      if (openSeconds === null || !alike || (at.gateway === null && !this.gate.mayOpen)) continue;
      grants.push(await this.gate.grantFor(at, openSeconds));
      if (at.gateway === null) this.gate.takeOver(at);
      else await this.gate.admit(at, turn);
    }
    return grants;
  }

  /** The place of a sandbox whose address was taken over. */
  placeOf(runId: string, at: NetworkAddress): NetworkPlace {
    const resolvConf = this.files.pathOf(runId);
    return at.mode === 'none'
      ? { ...at, resolvConf }
      : { ...at, resolvConf, confirmed: Promise.resolve() };
  }

  /** Closes the address; its connections end. */
  async close(place: NetworkPlace): Promise<void> {
    if (place.mode === 'bridge') await this.gate.close(place);
  }

  /** Gives the address back. Only after it was closed and its sandbox removed. */
  async release(runId: string, place: NetworkPlace): Promise<void> {
    if (place.mode === 'bridge') this.networks.release(place.name, place.address);
    await this.files.remove(runId);
  }

  /** Removes the files of all runs but these; for when no other sandbox has one mounted. */
  removeFilesBut(runIds: ReadonlySet<string>): Promise<void> {
    return this.files.removeAllBut(runIds);
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
    await this.fence.check().catch((error: unknown) => {
      // Whoever watches the fence looks again.
      if (!isPassing(error)) onBroken();
    });
  }
}

/** Whether the fence stands; for a run that needs it, a fence that does not is an error. */
async function held(fencing: Promise<void>, required: boolean): Promise<boolean> {
  try {
    await fencing;
    return true;
  } catch (error) {
    if (required || isPassing(error)) throw error;
    return false;
  }
}
