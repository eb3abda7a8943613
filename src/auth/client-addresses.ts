import type { FastifyRequest } from 'fastify';

import { Cidr } from './cidr.js';
import { clientAddress } from './client-address.js';

/** `clientAddress` for the proxies that an operator trusts. @throws RangeError for a bad range. */
export function clientAddressReader(
  trustProxy: readonly string[],
): (request: FastifyRequest) => string {
  const trusted = trustProxy.map((range) => Cidr.parse(range));
  return (request) => {
    const header = request.headers['x-forwarded-for'];
    const forwardedFor = Array.isArray(header) ? header.join(',') : header;
    return clientAddress(request.raw.socket.remoteAddress, forwardedFor, trusted);
  };
}
