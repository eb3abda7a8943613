import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isLocalRequest, isLoopbackHost } from './local-request.js';

const HOST = 'localhost:4000';
const local = (headers: Record<string, string>, peer: string | undefined = '127.0.0.1') =>
  isLocalRequest(peer, { host: HOST, ...headers });

describe('isLocalRequest', () => {
  it.each([
    '127.0.0.1',
    '127.255.0.9',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:0:0:1',
  ])('takes the peer %s', (peer) => {
    expect(local({}, peer)).toBe(true);
  });

  it.each([
    undefined,
    '',
    '10.0.0.1',
    '126.0.0.1',
    '128.0.0.1',
    '::2',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    'localhost',
  ])('refuses the peer %s', (peer) => {
    expect(isLocalRequest(peer, { host: HOST })).toBe(false);
  });

  it.each([
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-real-ip',
    'x-client-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'via',
  ])('refuses whatever carries %s, an empty one too', (header) => {
    expect(local({ [header]: '127.0.0.1' })).toBe(false);
    expect(local({ [header]: '' })).toBe(false);
  });

  it.each([
    ['http://localhost:4000', true],
    ['http://LOCALHOST:4000', true],
    ['http://localhost:3000', false],
    ['http://127.0.0.1:4000', false],
    ['http://localhost', false],
    ['https://evil.example', false],
    ['http://localhost:4000.evil.example', false],
    ['null', false],
    ['', false],
    ['file://', false],
    ['http://localhost:4000, http://evil.example', false],
  ])('with the origin %j is %s', (origin, expected) => {
    expect(local({ origin })).toBe(expected);
  });

  it.each([
    ['same-origin', true],
    ['none', true],
    ['same-site', false],
    ['cross-site', false],
    ['', false],
  ])('with Sec-Fetch-Site %j is %s', (site, expected) => {
    expect(local({ 'sec-fetch-site': site })).toBe(expected);
  });

  it('takes the origin of a host without its default port', () => {
    expect(isLocalRequest('::1', { host: 'localhost', origin: 'http://localhost:80' })).toBe(true);
    expect(isLocalRequest('::1', { host: '[::1]:4000', origin: 'http://[::1]:4000' })).toBe(true);
  });
});

describe('isLoopbackHost', () => {
  it.each([
    'localhost',
    'LocalHost:1',
    '127.0.0.1',
    '127.1.2.3:4000',
    '[::1]',
    '[::1]:4000',
    '[::ffff:127.0.0.1]',
  ])('takes %s', (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    '127.0.0.1.nip.io',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
    '0.0.0.0',
    '::1',
    '[::2]',
    '[::1',
    'localhost:4000:1',
    'localhost:x',
    'localhost ',
    'localhost, evil.example',
    '10.0.0.1:4000',
  ])('refuses %s', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });

  it('refuses every DNS name but localhost', () => {
    fc.assert(
      fc.property(fc.domain(), (name) => {
        expect(isLoopbackHost(name)).toBe(false);
        expect(isLoopbackHost(`${name}:4000`)).toBe(false);
      }),
    );
  });
});
