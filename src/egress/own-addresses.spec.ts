import { networkInterfaces } from 'node:os';

import { describe, expect, it } from 'vitest';

import { AddressFilter } from './address-class.js';
import { OwnAddresses, parseIpv6Addresses, parseLocalRoutes } from './own-addresses.js';

/** A host with a bridge that has no carrier, 172.17.0.1, and a range that is delivered to itself. */
const TRIE = `Main:
  +-- 0.0.0.0/0 3 0 4
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
     +-- 172.17.0.0/16 2 0 2
        |-- 172.17.0.0
           /16 link UNICAST
        |-- 172.17.0.1
           /32 host LOCAL
        |-- 172.17.255.255
           /32 link BROADCAST
     |-- 203.0.113.0
        /24 host LOCAL
Local:
     |-- 172.17.0.1
        /32 host LOCAL
`;

describe('parseLocalRoutes', () => {
  it('finds what the host delivers to itself, each once, and nothing else', () => {
    expect(parseLocalRoutes(TRIE)).toEqual([
      '127.0.0.0/8',
      '127.0.0.1/32',
      '172.17.0.1/32',
      '203.0.113.0/24',
    ]);
    expect(parseLocalRoutes('')).toEqual([]);
  });
});

describe('parseIpv6Addresses', () => {
  it('reads the first column', () => {
    const table =
      '00000000000000000000000000000001 01 80 10 80       lo\n' +
      'fe80000000000000021122fffe334455 02 40 20 80     eth0\n';
    expect(parseIpv6Addresses(table)).toEqual([
      '0000:0000:0000:0000:0000:0000:0000:0001',
      'fe80:0000:0000:0000:0211:22ff:fe33:4455',
    ]);
    expect(parseIpv6Addresses('')).toEqual([]);
  });
});

describe('OwnAddresses', () => {
  it('lists what a filter can read, with whole ranges around the gateways of sandboxes', () => {
    const own = new OwnAddresses();
    const [entry] = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const filter = new AddressFilter(['0.0.0.0/0'], own.list([entry?.address ?? '']));
    expect(own.list([entry?.address ?? ''])).toContain(entry?.cidr);
    expect(filter.blocked('127.0.0.1')).toBe('loopback');
    expect(filter.blocked('8.8.8.8')).toBe(null);
  });
});
