import { BlockList, isIPv4 } from 'node:net';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { AddressFilter, addressClass } from './address-class.js';
import { BLOCKED_RANGES } from './blocked-ranges.js';
import { isInRange, parseIp, parseIpRange } from './ip-range.js';

/** https://www.iana.org/assignments/iana-ipv4-special-registry, with multicast; by range, our class. */
const IPV4_REGISTRY: readonly (readonly [string, string])[] = [
  ['0.0.0.0/8', 'reserved'],
  ['0.0.0.0/32', 'reserved'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.0.0/29', 'reserved'],
  ['192.0.0.8/32', 'reserved'],
  ['192.0.0.9/32', 'reserved'],
  ['192.0.0.10/32', 'reserved'],
  ['192.0.0.170/31', 'reserved'],
  ['192.0.2.0/24', 'public'],
  ['192.31.196.0/24', 'public'],
  ['192.52.193.0/24', 'public'],
  ['192.88.99.0/24', 'embedded-ipv4'],
  ['192.168.0.0/16', 'private'],
  ['192.175.48.0/24', 'public'],
  ['198.18.0.0/15', 'reserved'],
  ['198.51.100.0/24', 'public'],
  ['203.0.113.0/24', 'public'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
  ['255.255.255.255/32', 'reserved'],
];

/** https://www.iana.org/assignments/iana-ipv6-special-registry, with multicast and site-local. */
const IPV6_REGISTRY: readonly (readonly [string, string])[] = [
  ['::1/128', 'loopback'],
  ['::/128', 'reserved'],
  ['::ffff:0:0/96', 'embedded-ipv4'],
  ['64:ff9b::/96', 'embedded-ipv4'],
  ['64:ff9b:1::/48', 'embedded-ipv4'],
  ['100::/64', 'reserved'],
  ['100:0:0:1::/64', 'reserved'],
  ['2001::/23', 'reserved'],
  ['2001::/32', 'embedded-ipv4'],
  ['2001:1::1/128', 'reserved'],
  ['2001:1::2/128', 'reserved'],
  ['2001:1::3/128', 'reserved'],
  ['2001:2::/48', 'reserved'],
  ['2001:3::/32', 'reserved'],
  ['2001:4:112::/48', 'reserved'],
  ['2001:10::/28', 'reserved'],
  ['2001:20::/28', 'reserved'],
  ['2001:30::/28', 'reserved'],
  ['2001:db8::/32', 'public'],
  ['2002::/16', 'embedded-ipv4'],
  ['2620:4f:8000::/48', 'public'],
  ['3fff::/20', 'reserved'],
  ['5f00::/16', 'reserved'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'private'],
  ['ff00::/8', 'multicast'],
];

const METADATA = [
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
];

const REGISTRY = [...IPV4_REGISTRY, ...IPV6_REGISTRY];
const NARROWEST_FIRST = REGISTRY.map(([text, name]) => ({ name, ...parseIpRange(text) })).sort(
  (a, b) => Number(a.last - a.first - (b.last - b.first)),
);

function textOf(family: 4 | 6, value: bigint): string {
  const [count, bits, base] = family === 4 ? [4, 8n, 10] : [8, 16n, 16];
  const mask = (1n << bits) - 1n;
  const parts = Array.from({ length: count }, (_, at) =>
    ((value >> (bits * BigInt(count - 1 - at))) & mask).toString(base),
  );
  return parts.join(family === 4 ? '.' : ':');
}

/** The narrowest range of the registry that holds it; what the registry leaves out of IPv6 is reserved. */
function expectedClass(address: string): string {
  const ip = parseIp(address)!;
  const narrowest = NARROWEST_FIRST.find((range) => isInRange(ip, range));
  if (METADATA.some((text) => parseIp(text)!.value === ip.value)) return 'metadata';
  if (narrowest) return narrowest.name;
  if (ip.family === 4) return 'public';
  if (ip.value < 1n << 32n || ip.value >> 32n === 0xffff_0000n) return 'embedded-ipv4';
  if (((ip.value >> 32n) & 0xfcff_ffffn) === 0x5efen) return 'embedded-ipv4';
  return ip.value >> 125n === 1n ? 'public' : 'reserved';
}

const anyIpv6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value) => textOf(6, value));
const anyAddress = fc.oneof(fc.ipV4(), anyIpv6, fc.ipV6());
/** Anywhere in a block of the registry, so that every one of them is met. */
const special = fc.constantFrom(...REGISTRY).chain(([text]) => {
  const { family, first, last } = parseIpRange(text);
  return fc.bigInt({ min: first, max: last }).map((value) => textOf(family, value));
});

describe('the class of an address', () => {
  it.each(REGISTRY)('is as IANA says: %s is %s', (range, name) => {
    const { family, first, last } = parseIpRange(range);
    expect(addressClass(textOf(family, first))).toBe(expectedClass(textOf(family, first)));
    expect(addressClass(textOf(family, last))).toBe(name);
  });

  it.each(REGISTRY)('just outside %s is that of the neighbours', (range) => {
    const { family, first, last } = parseIpRange(range);
    const end = 1n << (family === 4 ? 32n : 128n);
    const outside = [first - 1n, last + 1n].filter((value) => value >= 0n && value < end);
    for (const value of outside) {
      const address = textOf(family, value);
      expect([address, addressClass(address)]).toEqual([address, expectedClass(address)]);
    }
  });

  it('is that of the narrowest block of the registries, for any address', () => {
    fc.assert(
      fc.property(fc.oneof(anyAddress, special), (address) => {
        expect(addressClass(address)).toBe(expectedClass(address));
      }),
      { numRuns: 5000 },
    );
  });

  it('agrees with the ranges that the fence blocks', () => {
    const fence = new BlockList();
    for (const range of BLOCKED_RANGES) {
      const [address = '', prefix] = range.split('/');
      fence.addSubnet(address, Number(prefix));
    }
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), special.filter(isIPv4)), (address) => {
        expect(addressClass(address) === 'public').toBe(!fence.check(address));
      }),
      { numRuns: 5000 },
    );
  });

  it.each(METADATA)('of %s is metadata', (address) => {
    expect(addressClass(address)).toBe('metadata');
  });

  it('of every IPv6 form that embeds an IPv4 address is blocked', () => {
    const forms: ((address: string) => string)[] = [
      (address) => `::ffff:${address}`,
      (address) => `::${address}`,
      (address) => `::ffff:0:${address}`,
      (address) => `64:ff9b::${address}`,
      (address) => `64:ff9b:1::${address}`,
      (address) => `2001:0:1::${address}`,
      (address) => `2620:0:1:2:0:5efe:${address}`,
      (address) => `2620:0:1:2:200:5efe:${address}`,
      (address) => `2002:${hexOf(address)}::1`,
    ];
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom(...forms), (address, form) => {
        expect(addressClass(form(address))).not.toBe('public');
        expect(new AddressFilter(['::/0'], []).blocked(form(address))).not.toBeNull();
      }),
    );
  });

  it.each(['', 'example.com', '1.2.3', '0x7f.1', '127.1', '[::1]', 'fe80::1%eth0', '1.2.3.4/32'])(
    'of %j, which is no address, blocks',
    (text) => {
      expect(addressClass(text)).toBe('reserved');
    },
  );
});

describe('an operator’s internal ranges', () => {
  it('make private and shared addresses in them reachable', () => {
    const filter = new AddressFilter(['10.20.0.0/16', '100.64.0.0/10', 'fd12::/16'], []);
    expect(filter.blocked('10.20.3.4')).toBeNull();
    expect(filter.blocked('100.99.1.1')).toBeNull();
    expect(filter.blocked('fd12::7')).toBeNull();
    expect(filter.blocked('10.21.3.4')).toBe('private');
    expect(filter.blocked('fd13::7')).toBe('private');
  });

  it('never make anything else reachable, however wide they are', () => {
    const filter = new AddressFilter(['0.0.0.0/0', '::/0'], []);
    fc.assert(
      fc.property(fc.oneof(anyAddress, special), (address) => {
        const name = addressClass(address);
        const reachable = ['public', 'private', 'shared'].includes(name);
        expect(filter.blocked(address)).toBe(reachable ? null : name);
      }),
      { numRuns: 5000 },
    );
  });

  it('never make an address of ours reachable, be it private or public', () => {
    const own = ['10.20.0.1', '10.88.0.0/16', '203.0.113.9', '2001:db8::/64'];
    const filter = new AddressFilter(['10.0.0.0/8'], own);
    expect(filter.blocked('10.20.0.1')).toBe('own');
    expect(filter.blocked('10.88.255.255')).toBe('own');
    expect(filter.blocked('203.0.113.9')).toBe('own');
    expect(filter.blocked('2001:db8::1')).toBe('own');
    expect(filter.blocked('10.20.0.2')).toBeNull();
    expect(filter.blocked('203.0.113.8')).toBeNull();
  });

  it.each(['10.0.0.0/33', '10.0.0/8', '10.0.0.0/', '::/129', 'a/8', '10.0.0.0/8/8'])(
    'are not %j',
    (range) => {
      expect(() => new AddressFilter([range], [])).toThrow(TypeError);
    },
  );
});

function hexOf(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
