import { randomInt } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { DnsServer } from '../../../test/support/gateway/dns-server.js';
import { DnsNameResolver } from './dns-name-resolver.js';

let dns: DnsServer;
let resolver: DnsNameResolver;

beforeEach(async () => {
  dns = new DnsServer();
  const host = `127.${randomInt(1, 255)}.${randomInt(0, 255)}.1`;
  resolver = new DnsNameResolver([await dns.listen(host)]);
});

afterEach(() => dns.close());

describe('the addresses of a name', () => {
  it('are those of both families, IPv4 first', async () => {
    dns.records.set('both.test', {
      a: [
        [203, 0, 113, 7],
        [203, 0, 113, 8],
      ],
      aaaa: [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 7]],
    });
    const addresses = await resolver.resolve('both.test');
    expect([...addresses.slice(0, 2)].sort()).toEqual(['203.0.113.7', '203.0.113.8']);
    expect(addresses.slice(2)).toEqual(['2001:db8::7']);
  });

  it('are none where nobody knows the name, and one family’s where it has one', async () => {
    dns.records.set('six.test', { aaaa: [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 7]] });
    expect(await resolver.resolve('nobody.test')).toEqual([]);
    expect(await resolver.resolve('six.test')).toEqual(['2001:db8::7']);
  });

  it('are asked of the server alone, under the very name: no hosts file, no search list', async () => {
    expect(await resolver.resolve('short')).toEqual([]);
    expect(await resolver.resolve('localhost')).toEqual([]);
    expect(await resolver.resolve('host.docker.internal')).toEqual([]);
    expect([...dns.asked].sort()).toEqual([
      'A host.docker.internal',
      'A localhost',
      'A short',
      'AAAA host.docker.internal',
      'AAAA localhost',
      'AAAA short',
    ]);
  });

  it('are asked for once by all who ask meanwhile, and again by those who come later', async () => {
    dns.records.set('a.test', { a: [[203, 0, 113, 7]] });
    await Promise.all([resolver.resolve('a.test'), resolver.resolve('a.test')]);
    expect(dns.asked).toHaveLength(2);
    dns.records.set('a.test', { a: [[203, 0, 113, 8]] });
    expect(await resolver.resolve('a.test')).toEqual(['203.0.113.8']);
  });

  it('are found for many at once', async () => {
    const names = Array.from({ length: 2000 }, (_, at) => `name-${at}.test`);
    for (const name of names) dns.records.set(name, { a: [[203, 0, 113, 9]] });
    const answers = await Promise.all(names.map((name) => resolver.resolve(name)));
    expect(answers.filter(([address]) => address === '203.0.113.9')).toHaveLength(2000);
  });
});
