import type { FastifyRequest } from 'fastify';

import { DomainError } from '../kernel/domain-error.js';

/** A request's path without its query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/**
 * Refuses what two HTTP implementations could read differently: no host or two of them, a target that is
 * not a path (`GET http://elsewhere/`), whose host would win over the header, and one with a fragment,
 * which the router would cut off.
 *
 * @throws DomainError `malformed_request`
 */
export function checkFrame(request: FastifyRequest): void {
  const { url = '' } = request.raw;
  if (!url.startsWith('/') || url.includes('#')) {
    throw new DomainError(
      'malformed_request',
      'The request target must be a path, without a fragment',
    );
  }
  const hosts = countHosts(request.raw.rawHeaders);
  if (hosts > 1 || (hosts === 0 && request.raw.httpVersion !== '1.0')) {
    throw new DomainError('malformed_request', 'There must be exactly one Host header');
  }
}

function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}

/** A client's own `X-Request-ID`: at most 128 visible ASCII characters, fit for a log line. */
export function clientRequestIdOf(request: FastifyRequest): string | undefined {
  const given = request.headers['x-request-id'];
  const text = Array.isArray(given) ? given[0] : given;
  return text === undefined ? undefined : text.slice(0, 128).replace(/[^\x21-\x7e]/g, '?');
}
