import { expect, it } from 'vitest';

import { LogSample } from './log-sample.js';

it('lets one of a kind through a second, which tells how many it stands for', () => {
  let now = 5;
  const sample = new LogSample(() => now);
  const busy = Array.from({ length: 100 }, () => sample.next('busy'));
  expect(busy).toEqual([0, ...Array<null>(99).fill(null)]);
  expect(sample.next('other')).toBe(0);
  now += 1000;
  expect([sample.next('busy'), sample.next('other')]).toEqual([99, 0]);
});
