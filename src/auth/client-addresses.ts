import type { FastifyRequest } from 'fastify';

import { UntrustedForwarders } from '../http/untrusted-forwarders.js';
import { Cidr } from './cidr.js';
import { clientAddress, isTrusted } from './client-address.js';
import { isForwarded } from './local-request.js';

/**
 * `clientAddress` for the proxies that an operator trusts; notes a peer that speaks for others without
 * being one of them. @throws RangeError for a bad range.
 */
export function clientAddressReader(
  trustProxy: readonly string[],
  forwarders: UntrustedForwarders = new UntrustedForwarders(),
): (request: FastifyRequest) => string {
  const trusted = trustProxy.map((range) => Cidr.parse(range));
  return ({ headers, raw: { socket } }) => {
    const header = headers['x-forwarded-for'];
    const forwardedFor = Array.isArray(header) ? header.join(',') : header;
    const peer = socket.remoteAddress;
    if (isForwarded(headers) && peer !== undefined && !isTrusted(peer, trusted)) {
      forwarders.note(peer);
    }
    return clientAddress(peer, forwardedFor, trusted);
  };
}
