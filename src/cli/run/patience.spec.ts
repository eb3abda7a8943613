import { describe, expect, it } from 'vitest';

import { Patience } from './patience.js';

function patient(limitMs: number, random = 1) {
  const clock = { now: 0 };
  return {
    clock,
    patience: new Patience(
      limitMs,
      () => clock.now,
      () => random,
    ),
  };
}

describe('Patience', () => {
  it('doubles its waits, up to five seconds', () => {
    const { patience } = patient(1_000_000);
    const waits = Array.from({ length: 7 }, () => patience.afterFailure());
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('waits at least half of that, as chance has it', () => {
    expect(patient(1_000_000, 0).patience.afterFailure()).toBe(100);
  });

  it('gives up when its time since the first failure is over, and never waits beyond', () => {
    const { clock, patience } = patient(1000);
    expect(patience.afterFailure()).toBe(200);
    clock.now = 900;
    expect(patience.afterFailure()).toBe(100);
    clock.now = 1000;
    expect(patience.afterFailure()).toBeNull();
  });

  it('begins anew after a success', () => {
    const { clock, patience } = patient(1000);
    patience.afterFailure();
    clock.now = 5000;
    patience.succeeded();
    expect(patience.failures).toBe(0);
    expect(patience.afterFailure()).toBe(200);
  });

  it('waits as long as the service asks for, or not at all', () => {
    expect(patient(10_000).patience.afterFailure(7000)).toBe(7000);
    expect(patient(5000).patience.afterFailure(7000)).toBeNull();
  });
});
