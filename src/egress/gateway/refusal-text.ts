import { DEFAULT_PORTS } from '../../config/egress-entry.js';
import { hostText } from '../../kernel/host-name.js';
import type { BlockedClass } from '../address-class.js';
import type { DecisionReason } from '../decisions/decision.js';
import type { ListDenial, Target } from './allowlist-match.js';
import type { EgressRules } from './gateway-session.js';
import { Refusal } from './refusal.js';

const LISTS: Readonly<Record<ListDenial['list'], { name: string; remedy: string }>> = {
  operator: {
    name: 'the egress allowlist',
    remedy: 'the operator adds ENTRY to codex.sandbox.egressAllowlist',
  },
  request: {
    name: 'the egress allowlist of this run',
    remedy: 'the run is started with ENTRY in the egressAllowlist of its policy',
  },
};

export function targetText({ host, port }: Target): string {
  return `${hostText(host)}:${port}`;
}

export function listRefusal(target: Target, { reason, list }: ListDenial): Refusal {
  const { name, remedy } = LISTS[list];
  const entry = DEFAULT_PORTS.includes(target.port) ? hostText(target.host) : targetText(target);
  const what = {
    not_listed: `${targetText(target)} is not on ${name}.`,
    port_not_listed: `${hostText(target.host)} is on ${name}, but not with port ${target.port}.`,
    literal_address: `${targetText(target)} is an address, and ${name} does not hold it as such.`,
  }[reason];
  return new Refusal(reason, 403, `${what} To allow it, ${remedy.replace('ENTRY', `"${entry}"`)}.`);
}

export function blockedRefusal(target: Target, blocked: BlockedClass): Refusal {
  const remedy =
    blocked === 'private' || blocked === 'shared'
      ? 'To allow it, the operator adds its range to codex.sandbox.egressInternalRanges.'
      : 'No setting allows that.';
  const what = `${targetText(target)} has an address that is not reachable from here (${blocked}).`;
  return new Refusal('blocked_address', 403, `${what} ${remedy}`);
}

export function unresolvedRefusal(target: Target): Refusal {
  return new Refusal('unresolved', 502, `${hostText(target.host)} could not be resolved.`);
}

export function unreachableRefusal(target: Target, timedOut: boolean): Refusal {
  const what = timedOut ? 'did not answer in time' : 'could not be reached';
  return new Refusal('unreachable', timedOut ? 504 : 502, `${targetText(target)} ${what}.`);
}

/** Of a connection that is written down already. */
export function noAnswerRefusal(target: Target): Refusal {
  return new Refusal('unreachable', 502, `${targetText(target)} gave no answer.`, {
    isWrittenDown: false,
  });
}

export function noNetworkRefusal(): Refusal {
  return new Refusal(
    'no_network_access',
    403,
    'This turn has no network access, only its credential routes. To allow more, it is started with networkAccess in its turnSandboxPolicy.',
  );
}

/** Where there are none, the client is asked for them. */
export function credentialsRefusal(present: boolean): Refusal {
  const what = present
    ? 'These are not the proxy credentials of this sandbox.'
    : 'The proxy wants the credentials that HTTP_PROXY holds.';
  return new Refusal('credentials', 407, what, { isWrittenDown: present });
}

export function hostRefusal(target: Target): Refusal {
  const what = `The Host of the request is not ${targetText(target)}, which it is sent to.`;
  return new Refusal('host_mismatch', 403, `${what} No setting allows that.`);
}

export type LimitReason = Extract<DecisionReason, `${string}_limit`>;

export function limitRefusal(reason: LimitReason, limits: EgressRules['limits']): Refusal {
  const { connections, newConnectionsPerSecond, bytes } = limits;
  const text = {
    connection_limit: `This run has ${connections} connections, and may have no more at once. The operator sets codex.sandbox.egressLimits.connections.`,
    rate_limit: `This run may make ${newConnectionsPerSecond} new connections a second. The operator sets codex.sandbox.egressLimits.newConnectionsPerSecond.`,
    byte_limit: `This turn has used up its ${bytes} bytes. The operator sets codex.sandbox.egressLimits.bytes.`,
  }[reason];
  return new Refusal(reason, 429, text);
}
