import { describe, expect, it } from 'vitest';

import { Places } from './places.js';

describe('places', () => {
  it('are refused when all are taken, and free again once, however often they are left', () => {
    const places = new Places(2);
    const leave = places.take();
    places.take();
    expect(() => places.take()).toThrow(expect.objectContaining({ code: 'too_many_streams' }));
    leave();
    leave();
    places.take();
    expect(() => places.take()).toThrow(expect.objectContaining({ code: 'too_many_streams' }));
  });
});
