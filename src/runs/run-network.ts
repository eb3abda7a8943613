import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { Injectable } from '@nestjs/common';

import { Fence } from '../egress/fence.js';
import type { OpenGrant } from '../egress/fenced-bridge.js';
import { Resolvers } from '../egress/host-resolvers.js';
import { renderResolvConf } from '../egress/resolvers.js';
import { DomainError } from '../kernel/domain-error.js';
import { DataDirectory } from '../persistence/data-directory.js';
import type { EffectivePolicy } from '../sandbox/policy.js';
import { SandboxNetworks } from '../sandbox/sandbox-networks.js';
import { isPassing } from './passing-fault.js';

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

/** The part of a place that outlives this process. */
export type NetworkAddress =
  { mode: 'none' } | { mode: 'bridge'; name: string; address: string; mac: string };

/** The address of a sandbox that an earlier process made. */
export interface KeptAddress {
  at: NetworkAddress;
  /** For how many seconds more it is open; `null`: it is closed. */
  openSeconds: number | null;
}

/** How much longer than its run a grant may live: the kernel's last word if the service dies. */
const GRANT_MARGIN_SECONDS = 60;

/** Puts the engine's network and the fence together: addresses are closed unless a turn was granted. */
@Injectable()
export class RunNetwork {
  #tookOver = false;

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
   *   or when the network cannot hold sandboxes; `engine_unavailable`, before `takeOver` too. Passing,
   *   by its cause, where the machine is out of something.
   */
  async place(runId: string, policy: EffectivePolicy): Promise<NetworkPlace> {
    this.assertTookOver();
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
    await this.fence.grantOpen(await this.#grant(place, policy.timeoutSeconds));
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

  async #takeOver(kept: readonly KeptAddress[]): Promise<void> {
    const names = new Set(kept.flatMap(({ at }) => (at.mode === 'bridge' ? [at.name] : [])));
    for (const name of names) {
      const network = await this.networks.ensure(name);
      const grants: OpenGrant[] = [];
      for (const { at, openSeconds } of kept) {
        if (at.mode === 'none' || at.name !== name) continue;
        this.networks.reserve(at.address);
        if (openSeconds !== null) grants.push(await this.#grant(at, openSeconds));
      }
      await this.fence.ensure(network, grants);
    }
  }

  /** The place of a sandbox whose address was taken over. */
  placeOf(runId: string, at: NetworkAddress): NetworkPlace {
    const resolvConf = this.#resolvConfOf(runId);
    return at.mode === 'none'
      ? { ...at, resolvConf }
      : { ...at, resolvConf, confirmed: Promise.resolve() };
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

  /** Removes the files of all runs but these; for when no other sandbox has one mounted. */
  async removeFilesBut(runIds: ReadonlySet<string>): Promise<void> {
    const directory = this.directory.path('resolv');
    const files = await readdir(directory).catch(() => []);
    const kept = new Set([...runIds].map((runId) => basename(this.#resolvConfOf(runId))));
    const others = files.filter((file) => !kept.has(file));
    await Promise.all(others.map((file) => rm(join(directory, file), { force: true })));
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

  async #grant(at: { address: string; mac: string }, seconds: number): Promise<OpenGrant> {
    return {
      address: at.address,
      mac: at.mac,
      resolvers: await this.resolvers.forOpenSandbox(),
      seconds: seconds + GRANT_MARGIN_SECONDS,
    };
  }

  async #fenced(
    network: { bridge: string; subnet: string; gateway: string },
    required: boolean,
  ): Promise<boolean> {
    try {
      await this.fence.ensure(network);
      return true;
    } catch (error) {
      if (required || isPassing(error)) throw error;
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

/** What to keep of a place. */
export function addressOf(place: NetworkPlace): NetworkAddress {
  if (place.mode === 'none') return { mode: 'none' };
  const { mode, name, address, mac } = place;
  return { mode, name, address, mac };
}
