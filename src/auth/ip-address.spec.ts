import { BlockList } from 'node:net';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Cidr } from './cidr.js';
import { DeniedPeerRanges } from './denied-peers.js';
import { parseIpAddress } from './ip-address.js';

describe('parseIpAddress', () => {
  it('takes an IPv4 address in its IPv6 form for what it is', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(parseIpAddress(`::ffff:${address}`)).toEqual(parseIpAddress(address));
      }),
    );
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    ':::',
    '1::2::3',
    'g::1',
    '1.2.3.4 ',
  ])('%j is none', (text) => {
    expect(parseIpAddress(text)).toBeNull();
  });

  it('passes over the zone of a link-local address', () => {
    expect(parseIpAddress('fe80::1%eth0')).toEqual(parseIpAddress('fe80::1'));
  });
});

describe('Cidr', () => {
  const ipv4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4());
  const ipv6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }), fc.ipV6());

  it.each([
    ['ipv4' as const, ipv4],
    ['ipv6' as const, ipv6],
  ])('agrees with the BlockList of Node for %s', (family, ranges) => {
    fc.assert(
      fc.property(ranges, fc.boolean(), ([network, prefix, other], inside) => {
        // Node takes ::ffff:0:0/96 for IPv6 and for IPv4 at once; ours for IPv4 alone.
        fc.pre(family === 'ipv4' || parseIpAddress(network)?.family === 6);
        const address = inside ? network : other;
        fc.pre(family === 'ipv4' || parseIpAddress(address)?.family === 6);
        const list = new BlockList();
        list.addSubnet(network, prefix, family);
        const parsed = parseIpAddress(address);
        expect(parsed !== null && Cidr.parse(`${network}/${prefix}`).includes(parsed)).toBe(
          list.check(address, family),
        );
      }),
    );
  });

  it.each([
    '',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/abc',
    '10.0.0.0/',
    '10.0.0/8',
    'a/8',
    '1.2.3.4/8/8',
    '10.0.0.0/-1',
  ])('refuses %j', (text) => {
    expect(() => Cidr.parse(text)).toThrow(RangeError);
  });
});

describe('DeniedPeerRanges', () => {
  it('holds a network until its name is taken away', () => {
    const peers = new DeniedPeerRanges();
    peers.addRange('risoluto-internal', '172.30.0.0/24');
    peers.addRange('other', 'fd01::/64');
    expect(peers.includes('172.30.0.9')).toBe(true);
    expect(peers.includes('::ffff:172.30.0.9')).toBe(true);
    expect(peers.includes('fd01::9')).toBe(true);
    expect(peers.includes('172.30.1.9')).toBe(false);
    expect(peers.includes('not an address')).toBe(false);
    peers.removeRange('risoluto-internal');
    expect(peers.includes('172.30.0.9')).toBe(false);
  });
});
