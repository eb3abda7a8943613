import { checkedEgressEntries, DEFAULT_PORTS, type EgressEntry } from '../config/egress-entry.js';

const KEY = 'policy.egressAllowlist';

/**
 * The request's allowlist, or `null` where it asks for none of its own. Every entry of it must lie
 * within the operator's list; an empty list means all of the internet, as in the operator's file, so
 * it is wider than any list that has entries. What is wider is put on `widened`.
 */
export function narrowAllowlist(
  operator: readonly string[],
  requested: readonly string[] | undefined,
  widened: string[],
): readonly string[] | null {
  if (requested === undefined) return null;
  if (operator.length === 0) return requested.length === 0 ? null : requested;
  if (requested.length === 0) widened.push(KEY);
  const own = checkedEgressEntries(operator);
  for (const [index, entry] of checkedEgressEntries(requested).entries()) {
    if (!portsOf(entry).every((port) => own.some((one) => covers(one, entry, port)))) {
      widened.push(`${KEY}.${index}`);
    }
  }
  return requested;
}

/** Whether everything that `inner` means at this port is within `outer`. */
function covers(outer: EgressEntry, inner: EgressEntry, port: number): boolean {
  if (!portsOf(outer).includes(port)) return false;
  const same = outer.host.kind === inner.host.kind && outer.host.text === inner.host.text;
  if (!outer.wildcard) return same && !inner.wildcard;
  if (inner.host.kind !== 'name') return false;
  return (same && inner.wildcard) || inner.host.text.endsWith(`.${outer.host.text}`);
}

function portsOf({ port }: EgressEntry): readonly number[] {
  return port === null ? DEFAULT_PORTS : [port];
}
