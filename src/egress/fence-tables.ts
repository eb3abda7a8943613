import { BLOCKED_RANGES } from './blocked-ranges.js';
import type { FencedBridge } from './fenced-bridge.js';
import type { FencePlan } from './fence-plan.js';

/** For a set or a rule: `"a", "b"`. */
export const names = (interfaces: readonly string[]) =>
  interfaces.map((name) => `"${name}"`).join(', ');

const ourNames = (bridges: readonly FencedBridge[]) =>
  `{ ${names(bridges.map(({ bridge }) => bridge))} }`;

const ourSubnets = (bridges: readonly FencedBridge[]) =>
  `{ ${bridges.map(({ subnet }) => subnet).join(', ')} }`;

interface FilteredBridge extends FencedBridge {
  readonly gatewayPort: number;
}

const filteredOf = (bridges: readonly FencedBridge[]) =>
  bridges.filter((bridge): bridge is FilteredBridge => typeof bridge.gatewayPort === 'number');

const indented = (rules: readonly string[]) => rules.map((rule) => `    ${rule}\n`).join('');

/**
 * Decides by source and destination address. A filtered bridge has no part in forwarding; towards
 * its gateway a connection begins with a SYN and is tracked from there on, so that one whose entry
 * was forgotten is over for both ends. Connection tracking itself has -200 on the way out: what asks
 * it there comes after.
 */
export function inetTable({ table, bridges }: FencePlan): string {
  const ours = ourNames(bridges);
  const filtered = filteredOf(bridges);
  return `table inet ${table} {
  set open { type ipv4_addr . ether_addr; flags timeout; }
  set open_address { type ipv4_addr; flags timeout; }
  set resolvers { type ipv4_addr . ipv4_addr; flags timeout; }
  set gateway { type ipv4_addr . ether_addr; flags timeout; }
  set gateway_address { type ipv4_addr; flags timeout; }
  chain input {
    type filter hook input priority -200; policy accept;
${indented(filtered.map(toGateway))}    iifname ${ours} drop
  }
  chain forward {
    type filter hook forward priority -200; policy accept;
${indented(neverForwarded(filtered))}    iifname ${ours} jump from_sandbox
    oifname ${ours} jump to_sandbox
  }
  chain output {
    type filter hook output priority -190; policy accept;
${indented(filtered.map(fromGateway))}    oifname ${ours} jump from_host
  }
  chain to_gateway {
    ip saddr . ether saddr != @gateway drop
    ip hdrlength != 5 drop
    ct direction original ct state established accept
    ct state new tcp flags & (fin | syn | rst | ack) == syn accept
    drop
  }
  chain from_gateway {
    ct direction reply ct state established ip daddr @gateway_address accept
    drop
  }
  chain from_sandbox {
    meta nfproto != ipv4 drop
    ip saddr . ether saddr != @open drop
    oifname ${ours} drop
    ip daddr ${ourSubnets(bridges)} drop
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

const toGateway = ({ bridge, gateway, gatewayPort }: FilteredBridge) =>
  `iifname "${bridge}" ip daddr ${gateway} tcp dport ${gatewayPort} jump to_gateway`;

const fromGateway = ({ bridge, gateway, gatewayPort }: FilteredBridge) =>
  `oifname "${bridge}" ip saddr ${gateway} tcp sport ${gatewayPort} jump from_gateway`;

function neverForwarded(filtered: readonly FilteredBridge[]): string[] {
  if (filtered.length === 0) return [];
  return [`iifname ${ourNames(filtered)} drop`, `oifname ${ourNames(filtered)} drop`];
}

/** Decides between ports: what a frame may be, and that none passes from sandbox to sandbox. */
export function bridgeTable({ table, match, bridges, ports }: FencePlan): string {
  const ours = ourNames(bridges);
  const subnets = ourSubnets(bridges);
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
  set gateway { type ipv4_addr . ether_addr; flags timeout; }
${portSet}  chain prerouting {
    type filter hook prerouting priority -200; policy accept;
${indented(enters.map((condition) => `${condition} jump from_port`))}  }
  chain forward {
    type filter hook forward priority -200; policy accept;
${indented(crosses.map((condition) => `${condition} drop`))}  }
  chain from_port {
    ether type ip ip saddr . ether saddr @open accept
    ether type arp arp saddr ip . ether saddr @open arp saddr ip . arp saddr ether @open accept
${indented(filteredOf(bridges).flatMap(framesToGateway))}    drop
  }
}
`;
}

/** The subnet beside the pair: a sandbox speaks to the gateway of its own bridge alone. */
function framesToGateway({ subnet, gateway, gatewayPort }: FilteredBridge): string[] {
  return [
    `ether type ip ip saddr ${subnet} ip daddr ${gateway} ip saddr . ether saddr @gateway tcp dport ${gatewayPort} accept`,
    `ether type arp arp operation { request, reply } arp saddr ip ${subnet} arp daddr ip ${gateway} arp saddr ip . ether saddr @gateway arp saddr ip . arp saddr ether @gateway accept`,
  ];
}

const listed = (ports: readonly string[]) =>
  ports.length === 0 ? '' : `elements = { ${names(ports)} }; `;
