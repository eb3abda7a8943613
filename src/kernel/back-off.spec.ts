import { expect, it } from 'vitest';

import { backOffMs } from './back-off.js';

const PLAN = { firstMs: 1000, longestMs: 300_000 };

it('doubles with each attempt, up to a bound', () => {
  const pauses = [0, 1, 2, 3, 9, 10, 5000].map((attempts) => backOffMs(PLAN, attempts, 0));
  expect(pauses).toEqual([1000, 1000, 2000, 4000, 256_000, 300_000, 300_000]);
});

it('is by chance up to half of it shorter, and never less', () => {
  expect(backOffMs(PLAN, 2, 0.5)).toBe(1500);
  expect(backOffMs(PLAN, 2, 0.999_999)).toBe(1000);
});
