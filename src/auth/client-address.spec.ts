import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Cidr } from './cidr.js';
import { clientAddress } from './client-address.js';

const TRUSTED = ['10.0.0.0/8', 'fd00::/8'].map((range) => Cidr.parse(range));

describe('clientAddress', () => {
  it.each([
    ['203.0.113.5', '198.51.100.7', '203.0.113.5'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['10.0.0.1', '1.1.1.1, 198.51.100.7', '198.51.100.7'],
    ['10.0.0.1', '1.1.1.1, 198.51.100.7, 10.9.9.9', '198.51.100.7'],
    ['::ffff:10.0.0.1', '2001:db8::1', '2001:db8::1'],
    ['fd00::1', '198.51.100.7,fd00::2', '198.51.100.7'],
    ['10.0.0.1', '10.0.0.2, 10.0.0.3', '10.0.0.2'],
    ['10.0.0.1', '198.51.100.7, unknown', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.7, garbage, 10.0.0.3', '10.0.0.3'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.7:4444', '10.0.0.1'],
  ])('of peer %s with %j is %s', (peer, header, expected) => {
    expect(clientAddress(peer, header, TRUSTED)).toBe(expected);
  });

  it('believes nothing where no proxy is trusted', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.string(), (peer, header) => {
        expect(clientAddress(peer, header, [])).toBe(peer);
      }),
    );
  });

  it('is never decided by what the client itself put into the header', () => {
    fc.assert(
      fc.property(fc.string(), (forged) => {
        const header = `${forged}, 198.51.100.7, 10.0.0.9`;
        expect(clientAddress('10.0.0.1', header, TRUSTED)).toBe('198.51.100.7');
      }),
    );
  });
});
