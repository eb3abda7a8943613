import { createHash } from 'node:crypto';

import { Injectable, Logger } from '@nestjs/common';

import { DataDirectory } from '../persistence/data-directory.js';
import { AddressPool, type SandboxAddress } from './address-pool.js';
import { ContainerEngine, type NetworkInspection } from './container-engine.js';
import { INSTANCE_LABEL } from './container-spec.js';
import { controlUnavailable } from './control-unavailable.js';
import { EngineRefusal, isRefusal } from './engine-refusal.js';
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

const KEY = 'codex.sandbox.network';
const MOST_TRIES = 32;

/** The one network of this instance's sandboxes, and the addresses in it. */
@Injectable()
export class SandboxNetworks {
  readonly #logger = new Logger('Sandboxes');
  #pool: { networkId: string; addresses: AddressPool; busy: Set<number> } | null = null;

  constructor(
    private readonly engine: ContainerEngine,
    private readonly dataDirectory: DataDirectory,
  ) {}

  /**
   * The network of this name, made where it is missing. Call it before each run: it is two quick
   * questions, and notices a network that was removed or joined by others meanwhile.
   * Throws `control_unavailable` that says what to set when it cannot hold sandboxes.
   */
  async ensure(name: string): Promise<SandboxNetwork> {
    const [found, containers] = await Promise.all([
      this.engine.inspectNetwork(name),
      this.engine.listContainers({ network: [name] }),
    ]);
    const network = found ?? (await this.#create(name));
    const problem = networkProblem(network, containers, this.dataDirectory.instanceId);
    if (problem) throw controlUnavailable(KEY, `the network ${name} cannot be used: ${problem}`);
    const described = describeNetwork(network);
    const busy = addressesInUse(name, containers);
    if (this.#pool?.networkId === network.Id) {
      this.#pool.busy = busy;
    } else {
      this.#pool = {
        networkId: network.Id,
        addresses: new AddressPool(
          rangeOf(network) as Ipv4Range,
          [parseAddress(described.gateway)].filter((value) => value !== null),
        ),
        busy,
      };
    }
    return described;
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

  /** An address of the network that was ensured last, which no container has, and a MAC for it. */
  allocate(): SandboxAddress {
    const taken = this.#pool?.addresses.take(this.#pool.busy);
    if (taken) return taken;
    throw controlUnavailable(KEY, 'the network has no free address; use one with a larger subnet');
  }

  /** Keeps an address of the network that was ensured last for the sandbox that has it. */
  reserve(address: string): void {
    const value = parseAddress(address);
    if (value !== null) this.#pool?.addresses.reserve(value);
  }

  /** Gives an address back once no container and no grant has it. It is used again last of all. */
  release(address: string): void {
    const value = parseAddress(address);
    if (value === null) return;
    this.#pool?.busy.delete(value);
    this.#pool?.addresses.giveBack(value);
  }

  async #create(name: string): Promise<NetworkInspection> {
    const taken = (await this.engine.listNetworks())
      .map(rangeOf)
      .filter((range): range is Ipv4Range => range !== null);
    taken.push(...(await readHostRanges()));
    let tries = 0;
    for (const range of freeSubnets(taken, this.#number(name))) {
      if ((tries += 1) > MOST_TRIES) break;
      try {
        await this.engine.createNetwork(this.#body(name, range));
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

  #body(name: string, range: Ipv4Range) {
    return {
      Name: name,
      Driver: 'bridge',
      Internal: false,
      EnableIPv6: false,
      CheckDuplicate: true,
      IPAM: {
        Driver: 'default',
        Config: [{ Subnet: formatRange(range), Gateway: formatAddress(range.first + 1) }],
      },
      Options: {
        'com.docker.network.bridge.name': `rsl${this.#number(name).toString(16).padStart(8, '0')}`,
        'com.docker.network.bridge.enable_icc': 'false',
        'com.docker.network.bridge.enable_ip_masquerade': 'true',
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
