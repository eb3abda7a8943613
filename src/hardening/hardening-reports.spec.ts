import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { SystemClock } from '../kernel/clock.js';
import { HardeningChecks, passed, type HardeningCheck } from '../kernel/hardening.js';
import { Metrics } from '../metrics/metrics.js';
import { HardeningReports } from './hardening-reports.js';

function active(id: string, check: HardeningCheck['check']): HardeningCheck {
  return { id, title: id, kind: 'active', check };
}

describe('a finding that was forgotten', () => {
  it('is looked at anew, and no other is', async () => {
    const checks = new HardeningChecks();
    const asked: string[] = [];
    for (const id of ['one', 'two']) {
      const check = () => {
        asked.push(id);
        return Promise.resolve(passed('It is so.'));
      };
      checks.register({ id, title: id, kind: 'quick', check });
    }
    const reports = new HardeningReports(checks, new SystemClock(), new Metrics());
    await reports.current();
    await reports.current();
    reports.forget('two');
    reports.forget('none');
    await reports.current();
    expect(asked).toEqual(['one', 'two', 'two']);
  });
});

describe('the checks that start containers', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('go on behind one that hangs, a minute later', async () => {
    const checks = new HardeningChecks();
    checks.register(active('hangs', () => new Promise(() => undefined)));
    checks.register(active('works', () => Promise.resolve(passed('It does.'))));
    const reports = new HardeningReports(checks, new SystemClock(), new Metrics());

    const first = reports.current();
    await vi.advanceTimersByTimeAsync(25_000);
    expect((await first).items.map(({ checked }) => checked)).toEqual([false, false]);

    await vi.advanceTimersByTimeAsync(35_000);
    const second = reports.current();
    await vi.advanceTimersByTimeAsync(25_000);
    expect((await second).items.map(({ checked }) => checked)).toEqual([false, true]);
  });
});
