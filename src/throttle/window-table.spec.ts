import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { addressKey } from './address-key.js';
import { RateLimitStorage } from './rate-limit-storage.js';
import { WindowTable } from './window-table.js';

const WINDOW_MS = 60_000;
const key = (low: number) => ({ high: 7, low });

/** A client's windows as the rule says them, in the slowest and plainest way. */
class Model {
  readonly #windows = new Map<number, { until: number; hits: number }>();

  hit(client: number, now: number): number {
    let window = this.#windows.get(client);
    if (window === undefined || window.until <= now) {
      window = { until: now + WINDOW_MS, hits: 0 };
      this.#windows.set(client, window);
    }
    return (window.hits += 1);
  }
}

describe('WindowTable', () => {
  it('counts as the rule says, for any clients at any times', () => {
    const steps = fc.array(
      fc.record({ client: fc.nat(20), waitTicks: fc.oneof(fc.nat(5), fc.nat(700)) }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        let now = 1_000_000;
        const table = new WindowTable(256, WINDOW_MS, () => now);
        const model = new Model();
        for (const { client, waitTicks } of all) {
          now += waitTicks * 100;
          const { hits, remainingMs, shared } = table.hit(key(client));
          expect(shared).toBe(false);
          expect(hits).toBe(model.hit(client, now));
          expect(remainingMs).toBeGreaterThan(0);
          expect(remainingMs).toBeLessThanOrEqual(WINDOW_MS);
        }
      }),
    );
  });

  it('begins a window with the first request and ends it 60 s later', () => {
    let now = 0;
    const table = new WindowTable(16, WINDOW_MS, () => now);
    expect(table.hit(key(1))).toEqual({ hits: 1, remainingMs: 60_000, shared: false });
    now = 59_900;
    expect(table.hit(key(1))).toEqual({ hits: 2, remainingMs: 100, shared: false });
    now = 60_000;
    expect(table.hit(key(1))).toEqual({ hits: 1, remainingMs: 60_000, shared: false });
  });

  it('forgets nobody when it is full: newcomers share one allowance', () => {
    const table = new WindowTable(16, WINDOW_MS, () => 0);
    const known = [...Array(16).keys()].filter((low) => !table.hit(key(low)).shared);
    expect(known).toHaveLength(16);
    for (let low = 1000; low < 2000; low += 1) {
      expect(table.hit(key(low))).toMatchObject({ shared: true, hits: low - 999 });
    }
    for (const low of known) expect(table.hit(key(low))).toMatchObject({ hits: 2, shared: false });
  });

  it('uses the slots again when their windows are over', () => {
    let now = 0;
    const table = new WindowTable(16, WINDOW_MS, () => now);
    for (let low = 0; low < 40; low += 1) table.hit(key(low));
    now = WINDOW_MS;
    for (let low = 100; low < 116; low += 1) {
      expect(table.hit(key(low))).toMatchObject({ hits: 1, shared: false });
    }
  });

  it.each([0, 8, 24, 100])('refuses a size of %s slots', (slots) => {
    expect(() => new WindowTable(slots, WINDOW_MS, () => 0)).toThrow(RangeError);
  });
});

describe('RateLimitStorage', () => {
  it(
    'holds a million addresses in at most 100 MB, each with its own count',
    { timeout: 60_000 },
    () => {
      const before = process.memoryUsage.rss();
      const storage = new RateLimitStorage(() => 0);
      let shared = 0;
      for (let number = 0; number < 1_000_000; number += 1) {
        const address = `${10 + (number >>> 24)}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
        if (storage.hit('api', address).shared) shared += 1;
        storage.hit('webhooks', address);
      }
      const usedBytes = process.memoryUsage.rss() - before;
      expect(shared).toBe(0);
      expect(storage.hit('api', '10.0.0.1').hits).toBe(2);
      expect(storage.hit('api', '10.15.66.63').hits).toBe(2);
      expect(usedBytes).toBeLessThan(100_000_000);
    },
  );

  it('keeps the groups apart, and answers through the port of the throttler', async () => {
    const storage = new RateLimitStorage(() => 0, 16);
    storage.hit('api', '10.0.0.1');
    await expect(storage.increment('10.0.0.1', 0, 1, 0, 'api')).resolves.toEqual({
      totalHits: 2,
      timeToExpire: 60,
      isBlocked: true,
      timeToBlockExpire: 60,
    });
    await expect(storage.increment('10.0.0.1', 0, 1, 0, 'webhooks')).resolves.toMatchObject({
      totalHits: 1,
      isBlocked: false,
    });
  });
});

describe('addressKey', () => {
  it('tells IPv4 addresses apart, in both of their forms alike', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), (one, other) => {
        expect(addressKey(`::ffff:${one}`)).toEqual(addressKey(one));
        const same = JSON.stringify(addressKey(one)) === JSON.stringify(addressKey(other));
        expect(same).toBe(one === other);
      }),
    );
  });

  it('takes the machines of one IPv6 /64 for one client', () => {
    expect(addressKey('2001:db8:1:2::1')).toEqual(addressKey('2001:db8:1:2:ffff:ffff:ffff:ffff'));
    expect(addressKey('2001:db8:1:2::1')).not.toEqual(addressKey('2001:db8:1:3::1'));
    expect(addressKey('2001:db8:1:2::1')).not.toEqual(addressKey('2001:db9:1:2::1'));
  });

  it('has one key for whatever is no address', () => {
    const keys = ['', 'x', '1.2.3', '1.2.3.4.5', '1..2.3', '999.1.1.1', '1.2.3.', 'unknown'];
    for (const text of keys) expect(addressKey(text)).toEqual({ high: 0, low: 0 });
  });
});
