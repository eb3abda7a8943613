import { DEFAULT_PORTS, type EgressEntry } from '../../config/egress-entry.js';
import type { Host } from '../../kernel/host-name.js';
import type { EgressRules } from './gateway-session.js';

/** Where a connection is asked to go. */
export interface Target {
  readonly host: Host;
  readonly port: number;
}

export type ListRefusal = 'not_listed' | 'port_not_listed' | 'literal_address';

export interface ListDenial {
  readonly reason: ListRefusal;
  /** Whose list it is not on. */
  readonly list: 'operator' | 'request';
}

export interface ListVerdict {
  /** What refuses it, or would if the mode were not `observe`. */
  readonly denial: ListDenial | null;
  /** The entry that lets it through, the operator's before the request's. */
  readonly rule: string | null;
}

/** Both lists must let it through; an empty one of the operator's and none of the request's do. */
export function judgeTarget(
  target: Target,
  operators: EgressRules['allowlist'],
  requested: readonly EgressEntry[] | null,
): ListVerdict {
  const own = operators.length === 0 ? null : matchEntries(target, operators);
  if (own !== null && 'reason' in own) return refused(own.reason, 'operator');
  const asked = requested === null ? null : matchEntries(target, requested);
  if (asked !== null && 'reason' in asked) return refused(asked.reason, 'request');
  return { denial: null, rule: (own ?? asked)?.entry.text ?? null };
}

function refused(reason: ListRefusal, list: 'operator' | 'request'): ListVerdict {
  return { denial: { reason, list }, rule: null };
}

/** The first entry that lets the target through, or why none does. */
export function matchEntries(
  target: Target,
  entries: readonly EgressEntry[],
): { readonly entry: EgressEntry } | { readonly reason: ListRefusal } {
  let hostListed = false;
  for (const entry of entries) {
    if (!isHostOf(entry, target.host)) continue;
    if (isPortOf(entry, target.port)) return { entry };
    hostListed = true;
  }
  if (hostListed) return { reason: 'port_not_listed' };
  return { reason: target.host.kind === 'name' ? 'not_listed' : 'literal_address' };
}

/** Hosts have one spelling, so that equal texts are equal hosts. */
function isHostOf({ host: listed, wildcard }: EgressEntry, host: Host): boolean {
  if (host.kind !== listed.kind) return false;
  return wildcard ? host.text.endsWith(`.${listed.text}`) : host.text === listed.text;
}

function isPortOf(entry: EgressEntry, port: number): boolean {
  return entry.port === null ? DEFAULT_PORTS.includes(port) : entry.port === port;
}
