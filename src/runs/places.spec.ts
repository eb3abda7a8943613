import { describe, expect, it } from 'vitest';

import { Places } from './places.js';

const REFUSED = expect.objectContaining({ code: 'too_many_streams' }) as Error;
const address = (index: number) => `192.0.2.${index}`;

describe('places', () => {
  it('are refused when all are taken, and free again once, however often they are left', () => {
    const places = new Places(2);
    const leave = places.take(address(1));
    places.take(address(2));
    expect(() => places.take(address(3))).toThrow(REFUSED);
    leave();
    leave();
    places.take(address(3));
    expect(() => places.take(address(4))).toThrow(REFUSED);
  });

  it('are never held by one address alone, which gets its own back', () => {
    const places = new Places(8);
    const leave = places.take(address(1));
    places.take(address(1));
    expect(() => places.take(address(1))).toThrow(REFUSED);
    for (const other of [2, 3, 4]) {
      places.take(address(other));
      places.take(address(other));
    }
    expect(() => places.take(address(5))).toThrow(REFUSED);
    leave();
    places.take(address(1));
  });

  it('count all addresses of an IPv6 network as one', () => {
    const places = new Places(8);
    places.take('2001:db8::1');
    places.take('2001:db8::ffff:2');
    expect(() => places.take('2001:db8::3')).toThrow(REFUSED);
    places.take('2001:db8:0:1::1');
  });
});
