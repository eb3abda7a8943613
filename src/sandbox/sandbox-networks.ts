import { createHash } from 'node:crypto';

import { Injectable, Logger } from '@nestjs/common';

import { DataDirectory } from '../persistence/data-directory.js';
import { AddressPool, type SandboxAddress } from './address-pool.js';
import { ContainerEngine, type NetworkInspection } from './container-engine.js';
import { INSTANCE_LABEL } from './container-spec.js';
import { controlUnavailable } from './control-unavailable.js';
import { EngineRefusal, isRefusal } from './engine-refusal.js';
import { filteredNetworkName } from './filtered-network-name.js';
import { readHostRanges } from './host-routes.js';
import {
  type Ipv4Range,
  formatAddress,
  formatRange,
  freeSubnets,
  parseAddress,
} from './ipv4-range.js';
import {
  type SandboxNetwork,
  addressesInUse,
  describeNetwork,
  networkProblem,
  rangeOf,
} from './network-check.js';

interface Pool {
  networkId: string;
  addresses: AddressPool;
  busy: Set<number>;
}

const KEY = 'codex.sandbox.network';
const MOST_TRIES = 32;

/** The networks of this instance's sandboxes, and the addresses in each. */
@Injectable()
export class SandboxNetworks {
  readonly #logger = new Logger('Sandboxes');
  /** By the network's name. */
  readonly #pools = new Map<string, Pool>();

  constructor(
    private readonly engine: ContainerEngine,
    private readonly dataDirectory: DataDirectory,
  ) {}

  /**
   * The network of this name, made where it is missing; a filtered one without a way out. Call it
   * before each run: it is two quick questions, and notices a network that was removed or joined by
   * others meanwhile. Throws `control_unavailable` that says what to set when it cannot hold
   * sandboxes, or not those of this use.
   */
  async ensure(name: string, { filtered }: { filtered: boolean }): Promise<SandboxNetwork> {
    const [found, containers] = await Promise.all([
      this.engine.inspectNetwork(name),
      this.engine.listContainers({ network: [name] }),
    ]);
    const network = found ?? (await this.#create(name, filtered));
    const { instanceId } = this.dataDirectory;
    const problem = networkProblem(network, containers, { instanceId, filtered });
    if (problem) throw controlUnavailable(KEY, `the network ${name} cannot be used: ${problem}`);
    const described = describeNetwork(network);
    const known = this.#pools.get(name);
    this.#pools.set(name, {
      networkId: network.Id,
      addresses: known?.networkId === network.Id ? known.addresses : newPool(network, described),
      busy: addressesInUse(name, containers),
    });
    return described;
  }

  /** The name of the network that filtered sandboxes join where `name` is configured. */
  async filteredName(name: string): Promise<string> {
    const found = await this.engine.inspectNetwork(name);
    return filteredNetworkName(name, found !== null && !found.Labels?.[INSTANCE_LABEL]);
  }

  /** Removes networks of this instance that nothing of ours uses any more: an earlier setting's. */
  async removeAllBut(names: ReadonlySet<string>): Promise<void> {
    for (const { Id, Name, Labels } of await this.engine.listNetworks()) {
      if (Labels?.[INSTANCE_LABEL] !== this.dataDirectory.instanceId || names.has(Name)) continue;
      try {
        await this.engine.removeNetwork(Id);
        this.#logger.log(`the network ${Name}, which no sandbox uses any more, was removed`);
      } catch (error) {
        // Containers of others may be in it.
        if (!(error instanceof EngineRefusal)) throw error;
        this.#logger.warn(`the network ${Name} cannot be removed: ${error.engineMessage}`);
      }
    }
  }

  /** An address of a network that was ensured, which no container has, and a MAC for it. */
  allocate(name: string): SandboxAddress {
    const pool = this.#pools.get(name);
    const taken = pool?.addresses.take(pool.busy);
    if (taken) return taken;
    throw controlUnavailable(
      KEY,
      `the network ${name} has no free address; use one with a larger subnet`,
    );
  }

  /** Keeps an address of a network that was ensured for the sandbox that has it. */
  reserve(name: string, address: string): void {
    const value = parseAddress(address);
    if (value !== null) this.#pools.get(name)?.addresses.reserve(value);
  }

  /** Gives an address back once no container and no grant has it. It is used again last of all. */
  release(name: string, address: string): void {
    const value = parseAddress(address);
    const pool = this.#pools.get(name);
    if (value === null || !pool) return;
    pool.busy.delete(value);
    pool.addresses.giveBack(value);
  }

  async #create(name: string, filtered: boolean): Promise<NetworkInspection> {
    const taken = (await this.engine.listNetworks())
      .map(rangeOf)
      .filter((range): range is Ipv4Range => range !== null);
    taken.push(...(await readHostRanges()));
    let tries = 0;
    for (const range of freeSubnets(taken, this.#number(name))) {
      if ((tries += 1) > MOST_TRIES) break;
      try {
        await this.engine.createNetwork(this.#body(name, range, filtered));
      } catch (error) {
        // 409: a twin made it meanwhile. 403 and 500: the engine says that the pool overlaps.
        if (!isRefusal(error, 403) && !isRefusal(error, 409) && !isRefusal(error, 500)) throw error;
      }
      const made = await this.engine.inspectNetwork(name);
      if (made) return made;
    }
    throw controlUnavailable(
      KEY,
      `the network ${name} could not be made; create a bridge network yourself and name it here`,
    );
  }

  #body(name: string, range: Ipv4Range, filtered: boolean) {
    return {
      Name: name,
      Driver: 'bridge',
      Internal: filtered,
      EnableIPv6: false,
      CheckDuplicate: true,
      IPAM: {
        Driver: 'default',
        Config: [{ Subnet: formatRange(range), Gateway: formatAddress(range.first + 1) }],
      },
      Options: {
        'com.docker.network.bridge.name': `rsl${this.#number(name).toString(16).padStart(8, '0')}`,
        'com.docker.network.bridge.enable_icc': 'false',
        'com.docker.network.bridge.enable_ip_masquerade': String(!filtered),
      },
      Labels: { [INSTANCE_LABEL]: this.dataDirectory.instanceId },
    };
  }

  /** The same 32 bits for the same instance and name, so that its bridge keeps its name. */
  #number(name: string): number {
    const text = `${this.dataDirectory.instanceId}/${name}`;
    return createHash('sha256').update(text).digest().readUInt32BE(0);
  }
}

function newPool(network: NetworkInspection, { gateway }: SandboxNetwork): AddressPool {
  const reserved = [parseAddress(gateway)].filter((value) => value !== null);
  return new AddressPool(rangeOf(network) as Ipv4Range, reserved);
}
