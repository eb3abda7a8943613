import { isIPv6 } from 'node:net';

import { DEFAULT_PORTS, parseEgressEntry } from '../../config/egress-entry.js';
import { isOverflow, type StoredDecision } from './stored-decision.js';

/** What a destination was told, whatever the turn and however often. */
export type DecidedDestination = Pick<StoredDecision, 'host' | 'port' | 'allowed' | 'reason'>;

export interface SuggestedEntries {
  /** What was allowed, by exact host. Sorted, each once. */
  readonly allowlist: readonly string[];
  /** What more it would take to allow what was denied because it was not listed. Sorted, each once. */
  readonly denied: readonly string[];
  /** Some hosts are known as a number alone, so the lists lack them. */
  readonly incomplete: boolean;
}

/**
 * The smallest lists that would have sufficed: an entry without a port where 80 and 443 are all that
 * it must allow, else one with each port. A host that was refused because of its address is never
 * offered: listing it would not help.
 */
export function suggestEntries(destinations: readonly DecidedDestination[]): SuggestedEntries {
  const known = destinations.filter((one) => !isOverflow(one));
  const blocked = new Set(
    known.filter(({ reason }) => reason === 'blocked_address').map(({ host }) => host),
  );
  const allowed = portsByHost(known.filter((one) => one.allowed));
  const denied = portsByHost(known.filter((one) => isUnlisted(one) && !blocked.has(one.host)));
  for (const [host, ports] of denied) {
    const covered = coveredPorts(allowed.get(host) ?? new Set());
    for (const port of covered) ports.delete(port);
  }
  return {
    allowlist: entriesOf(allowed),
    denied: entriesOf(denied),
    incomplete: known.length < destinations.length,
  };
}

function isUnlisted({ allowed, reason }: DecidedDestination): boolean {
  return !allowed && (reason === 'not_listed' || reason === 'port_not_listed');
}

/** Of hosts that an entry can name; what else a client asked for can be no entry. */
function portsByHost(destinations: readonly DecidedDestination[]): Map<string, Set<number>> {
  const ports = new Map<string, Set<number>>();
  for (const { host, port } of destinations) {
    const authority = isIPv6(host) ? `[${host}]` : host;
    if (port === 0 || 'problem' in parseEgressEntry(`${authority}:${port}`)) continue;
    ports.set(authority, (ports.get(authority) ?? new Set()).add(port));
  }
  return ports;
}

/** No other port is used, or these all are: then the short form allows no more than what was used. */
function hasShortForm(ports: ReadonlySet<number>): boolean {
  const usual = DEFAULT_PORTS.filter((port) => ports.has(port)).length;
  return usual > 0 && (usual === ports.size || usual === DEFAULT_PORTS.length);
}

function coveredPorts(ports: ReadonlySet<number>): Set<number> {
  return new Set(hasShortForm(ports) ? [...ports, ...DEFAULT_PORTS] : ports);
}

function entriesOf(portsOf: ReadonlyMap<string, ReadonlySet<number>>): string[] {
  const entries = [...portsOf].flatMap(([authority, ports]) => {
    const short = hasShortForm(ports);
    const named = [...ports].filter((port) => !short || !DEFAULT_PORTS.includes(port));
    return [...(short ? [authority] : []), ...named.map((port) => `${authority}:${port}`)];
  });
  return entries.toSorted();
}
