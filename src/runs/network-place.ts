import type { GatewayAddress } from '../egress/gateway/gateway-session.js';

/** An address of ours in a network of sandboxes. */
export interface BridgeAddress {
  mode: 'bridge';
  name: string;
  address: string;
  mac: string;
  /** Of the egress gateway, where the network is filtered; such an address is never open. */
  gateway: GatewayAddress | null;
}

/** The part of a place that outlives this process. */
export type NetworkAddress = { mode: 'none' } | BridgeAddress;

/** Where a run's sandbox stands in the network. */
export type NetworkPlace =
  | { mode: 'none'; resolvConf: string }
  | (BridgeAddress & {
      resolvConf: string;
      /** Resolves when the fence was seen to stand around the address; nothing starts before. */
      confirmed: Promise<void>;
    });

/** The address of a sandbox that an earlier process made. */
export interface KeptAddress {
  at: NetworkAddress;
  runId: string;
  turn: number;
  /** What its request narrowed the allowlist to; `null`: nothing. */
  requested: readonly string[] | null;
  /** The credential routes that it may use. */
  routes: readonly string[];
  /** The routes are all that it may use. */
  routesOnly: boolean;
  /** As `GrantedTurn.values`. */
  values: { readonly sealed: string | null };
  /** For how many seconds more it has network access or routes; `null`: it is closed. */
  openSeconds: number | null;
}

/** What to keep of a place. */
export function addressOf(place: NetworkPlace): NetworkAddress {
  if (place.mode === 'none') return { mode: 'none' };
  const { mode, name, address, mac, gateway } = place;
  return { mode, name, address, mac, gateway };
}
