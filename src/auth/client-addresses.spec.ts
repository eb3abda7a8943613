import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';

import { UntrustedForwarders } from '../http/untrusted-forwarders.js';
import { clientAddressReader } from './client-addresses.js';
import { isLocalRequest } from './local-request.js';

const PEER = '127.0.0.9';

/** The peer that is noted for a request with these headers. */
function notedFor(headers: Record<string, string>, trusted: string[] = []): string | null {
  const forwarders = new UntrustedForwarders();
  const raw = { socket: { remoteAddress: PEER } };
  clientAddressReader(trusted, forwarders)({ headers, raw } as unknown as FastifyRequest);
  return forwarders.lastPeer;
}

describe('a peer that speaks for others', () => {
  it.each([
    'forwarded',
    'via',
    'x-real-ip',
    'x-client-ip',
    'true-client-ip',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-anything',
    'cf-connecting-ip',
    'cf-connecting-ipv6',
  ])('is noted for %s, as the guard takes it for one', (name) => {
    const headers = { host: 'localhost', [name]: '203.0.113.9' };
    expect(isLocalRequest(PEER, headers)).toBe(false);
    expect(notedFor(headers)).toBe(PEER);
    expect(notedFor(headers, ['127.0.0.0/8'])).toBeNull();
  });

  it.each(['accept', 'x-request-id', 'forwarded-for', 'cf-ray'])('is not for %s', (name) => {
    const headers = { host: 'localhost', [name]: 'x' };
    expect(isLocalRequest(PEER, headers)).toBe(true);
    expect(notedFor(headers)).toBeNull();
  });
});
