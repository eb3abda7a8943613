import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4 } from 'node:net';

import { isLoopbackAddress } from './ip-address.js';

const FORWARDING_HEADERS: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
]);
const FORWARDING_PREFIXES = ['x-forwarded-', 'cf-connecting-'];

/**
 * Whether a request comes from a program of this machine, on its own account. The peer must be
 * loopback and nothing may show that somebody else is behind it: a proxy, a DNS name that was made
 * to point here, or a web page in a browser of this machine.
 */
export function isLocalRequest(peer: string | undefined, headers: IncomingHttpHeaders): boolean {
  return (
    isLoopbackAddress(peer) &&
    !isForwarded(headers) &&
    isLoopbackHost(headers.host) &&
    isOwnOrigin(headers.origin, headers.host) &&
    isOwnSite(headers['sec-fetch-site'])
  );
}

/** Whether a header says that the peer speaks for somebody else. */
export function isForwarded(headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some(
    (name) =>
      FORWARDING_HEADERS.has(name) || FORWARDING_PREFIXES.some((prefix) => name.startsWith(prefix)),
  );
}

/** `localhost`, an address of 127.0.0.0/8 or `[::1]`, with or without a port; in no other spelling. */
export function isLoopbackHost(host: string | undefined): boolean {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i.exec(host ?? '');
  if (match === null) return false;
  const [, ipv6, name = ''] = match;
  if (ipv6 !== undefined) return isLoopbackAddress(ipv6);
  return name.toLowerCase() === 'localhost' || (isIPv4(name) && isLoopbackAddress(name));
}

/** Another port of this machine is another program, so the port counts too. */
function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  if (!/^https?:\/\//i.test(origin) || !URL.canParse(origin) || host === undefined) return false;
  const { protocol } = new URL(origin);
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(origin).origin === new URL(own).origin;
}

function isOwnSite(secFetchSite: string | string[] | undefined): boolean {
  return secFetchSite === undefined || secFetchSite === 'same-origin' || secFetchSite === 'none';
}
