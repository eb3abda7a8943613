import { isIPv4 } from 'node:net';

import { getPublicSuffix } from 'tldts';

import { hostText, parseAuthority, type Host } from '../kernel/host-name.js';

/** One entry of an allowlist, as it is compared. */
export interface EgressEntry {
  /** In one spelling: lower case, punycode, no trailing dot. */
  readonly text: string;
  readonly host: Host;
  /** Every name below `host`, at any depth, and never `host` itself. */
  readonly wildcard: boolean;
  /** `null`: 80 and 443. */
  readonly port: number | null;
}

/** The ports of an entry that names none. */
export const DEFAULT_PORTS: readonly number[] = [80, 443];

/**
 * Reads `host`, `*.host`, `host:port` or `*.host:port`. A host may be an IPv4 address, or an IPv6
 * address in brackets; only as such does an allowlist let a literal address through. A wildcard below
 * a public suffix (the Public Suffix List, both sections: `*.com`, `*.co.uk`, `*.github.io`) is
 * refused, because anybody can have a name there.
 */
export function parseEgressEntry(text: string): EgressEntry | { problem: string } {
  const wildcard = text.startsWith('*.');
  const authority = parseAuthority(wildcard ? text.slice(2) : text);
  if (authority === null) {
    return { problem: 'must be host, *.host, host:port or *.host:port' };
  }
  const { host, port } = authority;
  const spelled = text.replace(/:\d+$/, '');
  if (host.kind === 'ipv4' && !isIPv4(spelled)) {
    return { problem: `must write the address as ${host.text}` };
  }
  if (wildcard && host.kind !== 'name')
    return { problem: 'must not put a wildcard before an address' };
  if (wildcard && getPublicSuffix(host.text, { allowPrivateDomains: true }) === host.text) {
    return { problem: `must not be a wildcard below ${host.text}: anybody can have a name there` };
  }
  const suffix = port === null ? '' : `:${port}`;
  return { text: `${wildcard ? '*.' : ''}${hostText(host)}${suffix}`, host, wildcard, port };
}

/** For entries that were checked when they were read. */
export function checkedEgressEntries(texts: readonly string[]): EgressEntry[] {
  return texts.map((text) => {
    const entry = parseEgressEntry(text);
    if ('problem' in entry) throw new TypeError(`not an entry of an allowlist: ${text}`);
    return entry;
  });
}
