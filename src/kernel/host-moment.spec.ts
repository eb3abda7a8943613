import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { hostMoment, msSince } from './host-moment.js';

describe('msSince', () => {
  it('counts what has passed on this host, and never backwards', async () => {
    const moment = hostMoment();
    const began = performance.now();
    await sleep(100);
    const counted = msSince(moment) ?? Number.NaN;
    expect(Math.abs(counted - (performance.now() - began))).toBeLessThan(60);
    expect(msSince({ ...moment!, ms: moment!.ms + 60_000 })).toBe(0);
  });

  it('does not count across a boot', () => {
    expect(msSince({ ...hostMoment()!, boot: 'another' })).toBeNull();
    expect(msSince(null)).toBeNull();
  });
});
