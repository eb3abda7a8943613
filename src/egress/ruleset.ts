import { BLOCKED_RANGES } from './blocked-ranges.js';
import type { FencedBridge, OpenGrant } from './fenced-bridge.js';

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
  readonly grants: readonly OpenGrant[];
  /** Interface names; used by `port-list` alone. */
  readonly ports: readonly string[];
}

const INSTANCE_ID = /^[0-9a-f]{1,32}$/;

export function tableName(instanceId: string): string {
  if (!INSTANCE_ID.test(instanceId)) throw new TypeError('not an instance id');
  return `risoluto_${instanceId}`;
}

/** One transaction that removes both tables, also when they do not exist. */
export function removeScript(table: string): string {
  return ['inet', 'bridge']
    .flatMap((family) => [`add table ${family} ${table}`, `delete table ${family} ${table}`])
    .join('\n')
    .concat('\n');
}

/**
 * One transaction that puts both tables in place of whatever stands under their names. The kernel
 * swaps them at once: no packet meets a moment without rules. Only `plan.grants` are open after it.
 */
export function placeScript(plan: FencePlan): string {
  const grants = plan.grants.map((grant) => addElements(plan.table, grant)).join('');
  return removeScript(plan.table) + inetTable(plan) + bridgeTable(plan) + grants;
}

/** Replaces an earlier grant of the same address and MAC, its time limit included. */
export function grantScript(table: string, grant: OpenGrant): string {
  return revokeScript(table, grant) + addElements(table, grant);
}

/** Succeeds whether or not the kernel still has the elements. */
export function revokeScript(table: string, grant: OpenGrant): string {
  return elements(grant)
    .flatMap(({ family, set, key }) => [
      `add element ${family} ${table} ${set} { ${key} }`,
      `delete element ${family} ${table} ${set} { ${key} }`,
    ])
    .join('\n')
    .concat('\n');
}

/** Makes `ports` the whole of the list. */
export function portsScript(table: string, ports: readonly string[]): string {
  const flush = `flush set bridge ${table} ports\n`;
  return ports.length === 0
    ? flush
    : `${flush}add element bridge ${table} ports { ${names(ports)} }\n`;
}

export interface FenceElement {
  readonly family: 'inet' | 'bridge';
  readonly set: string;
  readonly key: string;
}

/** Every set element that one grant consists of. */
export function elements(grant: OpenGrant): FenceElement[] {
  const pair = `${grant.address} . ${grant.mac}`;
  return [
    { family: 'inet', set: 'open', key: pair },
    { family: 'inet', set: 'open_address', key: grant.address },
    { family: 'bridge', set: 'open', key: pair },
    ...[...new Set(grant.resolvers)].map((resolver) => ({
      family: 'inet' as const,
      set: 'resolvers',
      key: `${grant.address} . ${resolver}`,
    })),
  ];
}

function addElements(table: string, grant: OpenGrant): string {
  return elements(grant)
    .map(
      ({ family, set, key }) =>
        `add element ${family} ${table} ${set} { ${key} timeout ${grant.seconds}s }\n`,
    )
    .join('');
}

const names = (interfaces: readonly string[]) => interfaces.map((name) => `"${name}"`).join(', ');

function inetTable({ table, bridges }: FencePlan): string {
  const ours = `{ ${names(bridges.map(({ bridge }) => bridge))} }`;
  const subnets = `{ ${bridges.map(({ subnet }) => subnet).join(', ')} }`;
  return `table inet ${table} {
  set open { type ipv4_addr . ether_addr; flags timeout; }
  set open_address { type ipv4_addr; flags timeout; }
  set resolvers { type ipv4_addr . ipv4_addr; flags timeout; }
  chain input {
    type filter hook input priority -200; policy accept;
    iifname ${ours} drop
  }
  chain forward {
    type filter hook forward priority -200; policy accept;
    iifname ${ours} jump from_sandbox
    oifname ${ours} jump to_sandbox
  }
  chain output {
    type filter hook output priority -200; policy accept;
    oifname ${ours} jump from_host
  }
  chain from_sandbox {
    meta nfproto != ipv4 drop
    ip saddr . ether saddr != @open drop
    oifname ${ours} drop
    ip daddr ${subnets} drop
    ip option lsrr exists drop
    ip option ssrr exists drop
    ip option rr exists drop
    ct state invalid drop
    ip saddr . ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
    ip daddr { ${BLOCKED_RANGES.join(', ')} } drop
    fib daddr type != unicast drop
    accept
  }
  chain to_sandbox {
    meta nfproto != ipv4 drop
    ct direction reply ct state established,related ip daddr @open_address accept
    drop
  }
  chain from_host {
    ip daddr @open_address icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
    drop
  }
}
`;
}

function bridgeTable({ table, match, bridges, ports }: FencePlan): string {
  const ours = `{ ${names(bridges.map(({ bridge }) => bridge))} }`;
  const subnets = `{ ${bridges.map(({ subnet }) => subnet).join(', ')} }`;
  const byName = match === 'bridge-name';
  const portSet = byName ? '' : `  set ports { type ifname; ${listed(ports)}}\n`;
  const enters = byName
    ? [`meta ibrname ${ours}`]
    : [`iifname @ports`, `ip saddr ${subnets}`, `ether type arp arp saddr ip ${subnets}`];
  const crosses = byName
    ? [`meta ibrname ${ours}`, `meta obrname ${ours}`]
    : [
        'iifname @ports',
        'oifname @ports',
        `ip saddr ${subnets}`,
        `ip daddr ${subnets}`,
        `ether type arp arp saddr ip ${subnets}`,
        `ether type arp arp daddr ip ${subnets}`,
      ];
  return `table bridge ${table} {
  set open { type ipv4_addr . ether_addr; flags timeout; }
${portSet}  chain prerouting {
    type filter hook prerouting priority -200; policy accept;
${enters.map((condition) => `    ${condition} jump from_port`).join('\n')}
  }
  chain forward {
    type filter hook forward priority -200; policy accept;
${crosses.map((condition) => `    ${condition} drop`).join('\n')}
  }
  chain from_port {
    ether type ip ip saddr . ether saddr @open accept
    ether type arp arp saddr ip . ether saddr @open arp saddr ip . arp saddr ether @open accept
    drop
  }
}
`;
}

const listed = (ports: readonly string[]) =>
  ports.length === 0 ? '' : `elements = { ${names(ports)} }; `;
