import { expect, it } from 'vitest';

import { askedPauseMs, backOffMs, LONGEST_PAUSE_MS } from './back-off.js';

it('waits by chance up to a bound that doubles, and never longer than a quarter of an hour', () => {
  expect([1, 2, 3].map((attempts) => backOffMs(attempts, 0.5))).toEqual([1000, 2000, 4000]);
  expect(backOffMs(1, 0)).toBe(100);
  expect(backOffMs(500, 0.999)).toBeLessThan(900_000);
});

it('waits as long as it is asked to and a little longer, but an hour at most', () => {
  expect(askedPauseMs(60_000, 0)).toBe(60_000);
  expect(askedPauseMs(60_000, 0.5)).toBe(63_000);
  expect(askedPauseMs(1e12, 0.999)).toBeLessThan(LONGEST_PAUSE_MS);
});
