import { describe, expect, it } from 'vitest';

import { judgeTime } from './replay-rule.js';

const NOW = Date.UTC(2026, 10, 26);
const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000];

describe('a signed time', () => {
  it.each([
    [0, 'fresh', 'fresh'],
    [MINUTE, 'fresh', 'fresh'],
    [MINUTE + 1, 'late', 'refused'],
    [HOUR, 'late', 'refused'],
    [6 * HOUR, 'late', 'refused'],
    [8 * HOUR, 'late', 'refused'],
    [8 * HOUR + 1, 'refused', 'refused'],
    [1e12, 'refused', 'refused'],
    [-MINUTE, 'fresh', 'fresh'],
    [-MINUTE - 1, 'refused', 'refused'],
    [-8 * HOUR, 'refused', 'refused'],
  ])('of %d ms ago is %s, or %s where the window is strict', (age, retries, strict) => {
    expect(judgeTime(NOW - age, NOW, 'retries')).toBe(retries);
    expect(judgeTime(NOW - age, NOW, 'strict')).toBe(strict);
  });

  it.each([Number.NaN, Infinity, -Infinity, 0, 17 * SECOND])('of %d is refused', (signedAt) => {
    expect(judgeTime(signedAt, NOW, 'retries')).toBe('refused');
  });
});
