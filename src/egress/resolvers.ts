import { isIPv4 } from 'node:net';

import { parseRange, rangeIncludes } from './ipv4.js';

// The kernel's resolver libraries read no more than these.
const MOST_RESOLVERS = 3;
const LOOPBACK = parseRange('127.0.0.0/8');
const NOWHERE = parseRange('0.0.0.0/8');

/** The `nameserver` addresses of a resolv.conf, in its order; comments and IPv6 are left out. */
export function parseNameservers(resolvConf: string): string[] {
  return resolvConf
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .filter((address): address is string => address !== undefined && isIPv4(address));
}

/** Those that a sandbox can be allowed to ask: never loopback, each once, at most three. */
export function usableResolvers(addresses: readonly string[]): string[] {
  const usable = addresses.filter(
    (address) =>
      isIPv4(address) && !rangeIncludes(LOOPBACK, address) && !rangeIncludes(NOWHERE, address),
  );
  return [...new Set(usable)].slice(0, MOST_RESOLVERS);
}

/**
 * What an open sandbox may ask. The operator's list, where there is one; else the host's own.
 * `hostFiles` are the host's resolv.conf and, for a host whose own is a local stub
 * (systemd-resolved), the file that names what the stub asks, in this order.
 */
export function chooseResolvers(
  configured: readonly string[],
  hostFiles: readonly string[],
): string[] {
  if (configured.length > 0) return usableResolvers(configured);
  for (const file of hostFiles) {
    const found = usableResolvers(parseNameservers(file));
    if (found.length > 0) return found;
  }
  return [];
}

/**
 * A sandbox's resolv.conf. Without resolvers it says so in a comment and turns waiting off: a
 * missing or empty file means 127.0.0.1 to the C library, which answers nobody here.
 */
export function renderResolvConf(resolvers: readonly string[]): string {
  if (resolvers.length === 0) {
    return '# This sandbox has no resolver.\noptions timeout:1 attempts:1\n';
  }
  return resolvers.map((address) => `nameserver ${address}\n`).join('');
}
