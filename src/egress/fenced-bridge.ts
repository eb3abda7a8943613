import { parseRange, rangeIncludes } from './ipv4.js';

/** A bridge of ours as the engine describes it; every port of it is a sandbox. */
export interface FencedBridge {
  /** The interface's name on the engine's host. */
  readonly bridge: string;
  /** IPv4, CIDR. */
  readonly subnet: string;
  /** The host's own address on the bridge. */
  readonly gateway: string;
  /**
   * Makes the bridge a filtered one: all that a grant lets its addresses reach is this TCP port of
   * `gateway`. Without it (or `null`) a grant opens an address to the internet.
   */
  readonly gatewayPort?: number | null;
}

/** A bridge of which every value was checked. */
export interface ValidBridge extends FencedBridge {
  readonly gatewayPort: number | null;
}

interface GrantedPair {
  readonly address: string;
  /** Of the sandbox's interface; the grant holds for this pair only. */
  readonly mac: string;
  /** The kernel ends the grant after this many seconds, whatever becomes of the service. */
  readonly seconds: number;
}

/** Lets an address of a bridge that is not filtered out to the internet. */
export interface OpenGrant extends GrantedPair {
  readonly kind: 'open';
  /** Asked at port 53, TCP and UDP, wherever they are; never loopback, never the host itself. */
  readonly resolvers: readonly string[];
}

/** Lets an address of a filtered bridge to the gateway's port, and to nothing else. */
export interface GatewayGrant extends GrantedPair {
  readonly kind: 'gateway';
}

/** What an address may do. A closed address has none. */
export type Grant = OpenGrant | GatewayGrant;

const BRIDGE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const LONGEST_GRANT_SECONDS = 30 * 24 * 3600;

/** Throws `TypeError`: the values come from the engine, and go into a script that runs as root. */
export function validateBridge(bridge: FencedBridge): ValidBridge {
  if (!BRIDGE_NAME.test(bridge.bridge)) {
    throw new TypeError(`not an interface name: ${JSON.stringify(bridge.bridge)}`);
  }
  const range = parseRange(bridge.subnet);
  if (!rangeIncludes(range, bridge.gateway)) {
    throw new TypeError(`the gateway ${bridge.gateway} is not in ${range.cidr}`);
  }
  const port = bridge.gatewayPort ?? null;
  if (port !== null && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    throw new TypeError(`not a port: ${JSON.stringify(port)}`);
  }
  return {
    bridge: bridge.bridge,
    subnet: range.cidr,
    gateway: bridge.gateway,
    gatewayPort: port,
  };
}

/** Throws `TypeError`, also for a grant of the kind that its bridge does not give. */
export function validateGrant<T extends Grant>(grant: T, bridges: readonly FencedBridge[]): T {
  const mac = grant.mac.toLowerCase();
  if (!MAC.test(mac)) throw new TypeError(`not a MAC address: ${JSON.stringify(grant.mac)}`);
  const kind = kindOf(homeOf(grant.address, bridges));
  if (grant.kind !== kind) {
    throw new TypeError(`${grant.address} is on a bridge whose grants are of the kind ${kind}`);
  }
  if (!Number.isInteger(grant.seconds) || grant.seconds < 1) {
    throw new TypeError('a grant lasts a whole number of seconds, at least one');
  }
  if (grant.kind === 'open') refuseLoopback(grant.resolvers);
  return { ...grant, mac, seconds: Math.min(grant.seconds, LONGEST_GRANT_SECONDS) };
}

/** The least grant that a pair could hold, for closing what nobody knows to be open. */
export function leastGrant(
  { address, mac }: { readonly address: string; readonly mac: string },
  bridges: readonly FencedBridge[],
): Grant {
  const pair = { address, mac, seconds: 1 };
  const grant: Grant =
    kindOf(homeOf(address, bridges)) === 'open'
      ? { ...pair, kind: 'open', resolvers: [] }
      : { ...pair, kind: 'gateway' };
  return validateGrant(grant, bridges);
}

/** Is the address on a bridge that gives grants of this kind? */
export function isGrantable({ address, kind }: Grant, bridges: readonly FencedBridge[]): boolean {
  const home = findHome(address, bridges);
  return home !== undefined && kindOf(home) === kind;
}

function findHome(address: string, bridges: readonly FencedBridge[]): FencedBridge | undefined {
  const home = bridges.find(({ subnet }) => rangeIncludes(parseRange(subnet), address));
  return home?.gateway === address ? undefined : home;
}

function homeOf(address: string, bridges: readonly FencedBridge[]): FencedBridge {
  const home = findHome(address, bridges);
  if (home) return home;
  throw new TypeError(`${address} is not an address of a fenced bridge`);
}

function kindOf({ gatewayPort = null }: FencedBridge): Grant['kind'] {
  return gatewayPort === null ? 'open' : 'gateway';
}

function refuseLoopback(resolvers: readonly string[]): void {
  const loopback = parseRange('127.0.0.0/8');
  for (const resolver of resolvers) {
    if (rangeIncludes(loopback, resolver)) {
      throw new TypeError(`the resolver ${resolver} is a loopback address`);
    }
  }
}
