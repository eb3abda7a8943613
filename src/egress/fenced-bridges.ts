import type { DeniedPeers } from '../auth/denied-peers.js';
import type { ValidBridge } from './fenced-bridge.js';
import { parseRange, rangeIncludes, type Ipv4Range } from './ipv4.js';

/** The bridges behind the fence; while they are, the API refuses writes from their subnets. */
export class FencedBridges {
  readonly #deniedPeers: DeniedPeers;
  readonly #bridges = new Map<string, ValidBridge>();

  constructor(deniedPeers: DeniedPeers) {
    this.#deniedPeers = deniedPeers;
  }

  get size(): number {
    return this.#bridges.size;
  }

  /** In the order in which they were added. */
  all(): ValidBridge[] {
    return [...this.#bridges.values()];
  }

  /** Is it among them, exactly as it is? */
  has(bridge: ValidBridge): boolean {
    const known = this.#bridges.get(bridge.bridge);
    return (
      known?.subnet === bridge.subnet &&
      known.gateway === bridge.gateway &&
      known.gatewayPort === bridge.gatewayPort
    );
  }

  /** Replaces one of the same name, and one that had any of its addresses: that one is gone. */
  set(bridge: ValidBridge): void {
    const range = parseRange(bridge.subnet);
    for (const { bridge: name, subnet } of this.all()) {
      if (overlap(range, parseRange(subnet))) this.#remove(name);
    }
    this.#bridges.set(bridge.bridge, bridge);
    this.#deniedPeers.addRange(`fence:${bridge.bridge}`, bridge.subnet);
  }

  /** Those of `addresses` that are on the bridge. */
  addressesOn({ subnet }: ValidBridge, addresses: readonly string[]): Set<string> {
    const range = parseRange(subnet);
    return new Set(addresses.filter((address) => rangeIncludes(range, address)));
  }

  clear(): void {
    for (const { bridge } of this.all()) this.#remove(bridge);
  }

  #remove(name: string): void {
    this.#bridges.delete(name);
    this.#deniedPeers.removeRange(`fence:${name}`);
  }
}

const overlap = (one: Ipv4Range, other: Ipv4Range) =>
  one.first <= other.last && other.first <= one.last;
