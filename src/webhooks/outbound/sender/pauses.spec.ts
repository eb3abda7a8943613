import { expect, it } from 'vitest';

import { askedPauseMs, LONGEST_PAUSE_MS } from './pauses.js';

it('waits as long as it is asked to and a little longer, but an hour at most', () => {
  expect(askedPauseMs(60_000, 0)).toBe(60_000);
  expect(askedPauseMs(60_000, 0.5)).toBe(63_000);
  expect(askedPauseMs(1e12, 0.999)).toBeLessThan(LONGEST_PAUSE_MS);
});
