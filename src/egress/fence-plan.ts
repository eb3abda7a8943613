import type { FencedBridge, Grant } from './fenced-bridge.js';

/**
 * How the bridge table tells frames of our bridges from others. `bridge-name` needs a kernel with
 * nft_meta_bridge. `port-list` is for one without: the ports are listed in a set that every check
 * brings up to date, and our subnets count as well, so that a port that is too new for the list
 * passes nothing from or to a sandbox's own address.
 */
export type BridgeMatch = 'bridge-name' | 'port-list';

export interface FencePlan {
  /** Of both tables; a valid nftables identifier. */
  readonly table: string;
  readonly match: BridgeMatch;
  /** At least one. */
  readonly bridges: readonly FencedBridge[];
  readonly grants: readonly Grant[];
  /** Interface names; used by `port-list` alone. */
  readonly ports: readonly string[];
}
