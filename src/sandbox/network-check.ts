import type { ContainerSummary, NetworkInspection } from './container-engine.js';
import { INSTANCE_LABEL } from './container-spec.js';
import { type Ipv4Range, formatAddress, parseAddress, parseRange } from './ipv4-range.js';

/** A network that sandboxes may join. */
export interface SandboxNetwork {
  name: string;
  id: string;
  /** The bridge's interface name on the engine's host. */
  bridge: string;
  subnet: string;
  gateway: string;
  /** Made without a way out: the engine forwards nothing from or into it. */
  internal: boolean;
}

/** What a network is to be used for, and by whom. */
export interface NetworkUse {
  instanceId: string;
  /** Its sandboxes reach the egress gateway alone. */
  filtered: boolean;
}

const BRIDGE_NAME = 'com.docker.network.bridge.name';
const ICC = 'com.docker.network.bridge.enable_icc';

/**
 * Why a network cannot hold sandboxes, with what to set; null: it can. An operator's own network
 * has no label of ours; one with the label of another instance belongs to that.
 */
export function networkProblem(
  network: NetworkInspection,
  containers: readonly ContainerSummary[],
  { instanceId, filtered }: NetworkUse,
): string | null {
  const label = network.Labels?.[INSTANCE_LABEL];
  if (network.Driver !== 'bridge' || network.Scope !== 'local') {
    return `it is of the driver ${network.Driver}, not bridge; set codex.sandbox.network to a bridge network`;
  }
  if (network.Name === 'bridge' || network.Ingress) {
    return "it is the engine's own; set codex.sandbox.network to a network that only sandboxes join";
  }
  if (label !== undefined && label !== instanceId) {
    return 'it belongs to another Risoluto; set codex.sandbox.network to a name of its own for each';
  }
  if (network.EnableIPv6) return 'IPv6 is on; create it without --ipv6';
  if (label !== undefined && network.Options?.[ICC] !== 'false') {
    return 'inter-container communication is on; remove the network, so that it is made again';
  }
  if (rangeOf(network) === null) return 'it has no IPv4 subnet; create it with --subnet';
  const wayOut = wayOutProblem(network, filtered);
  if (wayOut !== null) return wayOut;
  const foreign = containers.filter(({ Labels }) => Labels[INSTANCE_LABEL] !== instanceId);
  if (foreign.length > 0) {
    return `it holds ${foreign.length} container(s) that are not ours; disconnect them, or set codex.sandbox.network to another name`;
  }
  return null;
}

/**
 * A filtered network must have no way out even without our fence. An operator's own may have none
 * although nothing is filtered: that is their choice.
 */
function wayOutProblem(network: NetworkInspection, filtered: boolean): string | null {
  const { Name: name, Internal: internal } = network;
  if (filtered && !internal) {
    const subnet = ipv4Config(network)?.Subnet ?? '';
    return `it is not internal, so that an egress allowlist would not hold without our fence; remove it, and make it with: docker network create --internal --subnet ${subnet} ${name}`;
  }
  if (!filtered && internal && network.Labels?.[INSTANCE_LABEL] !== undefined) {
    return `it is internal and leads nowhere; remove it, so that it is made again (docker network rm ${name}), or set codex.sandbox.network to another name`;
  }
  return null;
}

/** What the fence and the run need to know of a network that has passed `networkProblem`. */
export function describeNetwork(network: NetworkInspection): SandboxNetwork {
  const range = rangeOf(network);
  if (!range) throw new Error(`network ${network.Name} has no IPv4 subnet`);
  const config = ipv4Config(network);
  return {
    name: network.Name,
    id: network.Id,
    bridge: network.Options?.[BRIDGE_NAME] ?? `br-${network.Id.slice(0, 12)}`,
    subnet: config?.Subnet ?? '',
    gateway: config?.Gateway?.split('/')[0] || formatAddress(range.first + 1),
    internal: network.Internal,
  };
}

function ipv4Config(network: NetworkInspection) {
  return network.IPAM.Config?.find(({ Subnet }) => Subnet && parseRange(Subnet) !== null);
}

export function rangeOf(network: NetworkInspection): Ipv4Range | null {
  const subnet = ipv4Config(network)?.Subnet;
  return subnet === undefined ? null : parseRange(subnet);
}

/** Addresses of the network that containers hold or have asked for, running or not. */
export function addressesInUse(name: string, containers: readonly ContainerSummary[]): Set<number> {
  const used = new Set<number>();
  for (const { NetworkSettings } of containers) {
    const endpoint = NetworkSettings.Networks[name];
    for (const text of [endpoint?.IPAMConfig?.IPv4Address, endpoint?.IPAddress]) {
      const value = text ? parseAddress(text) : null;
      if (value !== null) used.add(value);
    }
  }
  return used;
}
