import { parseRange, rangeIncludes } from './ipv4.js';

/** A bridge of ours as the engine describes it; every port of it is a sandbox. */
export interface FencedBridge {
  /** The interface's name on the engine's host. */
  readonly bridge: string;
  /** IPv4, CIDR. */
  readonly subnet: string;
  /** The host's own address on the bridge. */
  readonly gateway: string;
}

/** What lets an address out. A closed address has none. */
export interface OpenGrant {
  readonly address: string;
  /** Of the sandbox's interface; the grant holds for this pair only. */
  readonly mac: string;
  /** Asked at port 53, TCP and UDP, wherever they are; never loopback, never the host itself. */
  readonly resolvers: readonly string[];
  /** The kernel ends the grant after this many seconds, whatever becomes of the service. */
  readonly seconds: number;
}

const BRIDGE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const LONGEST_GRANT_SECONDS = 30 * 24 * 3600;

/** Throws `TypeError`: the values come from the engine, and go into a script that runs as root. */
export function validateBridge(bridge: FencedBridge): FencedBridge {
  if (!BRIDGE_NAME.test(bridge.bridge)) {
    throw new TypeError(`not an interface name: ${JSON.stringify(bridge.bridge)}`);
  }
  const range = parseRange(bridge.subnet);
  if (!rangeIncludes(range, bridge.gateway)) {
    throw new TypeError(`the gateway ${bridge.gateway} is not in ${range.cidr}`);
  }
  return { bridge: bridge.bridge, subnet: range.cidr, gateway: bridge.gateway };
}

export function validateGrant(grant: OpenGrant, bridges: readonly FencedBridge[]): OpenGrant {
  const mac = grant.mac.toLowerCase();
  if (!MAC.test(mac)) throw new TypeError(`not a MAC address: ${JSON.stringify(grant.mac)}`);
  const home = bridges.find(({ subnet }) => rangeIncludes(parseRange(subnet), grant.address));
  if (!home || home.gateway === grant.address) {
    throw new TypeError(`${grant.address} is not an address of a fenced bridge`);
  }
  if (!Number.isInteger(grant.seconds) || grant.seconds < 1) {
    throw new TypeError('a grant lasts a whole number of seconds, at least one');
  }
  const loopback = parseRange('127.0.0.0/8');
  for (const resolver of grant.resolvers) {
    if (rangeIncludes(loopback, resolver)) {
      throw new TypeError(`the resolver ${resolver} is a loopback address`);
    }
  }
  return { ...grant, mac, seconds: Math.min(grant.seconds, LONGEST_GRANT_SECONDS) };
}
