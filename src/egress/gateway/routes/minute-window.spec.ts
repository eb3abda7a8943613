import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { SetClock } from '../../../../test/support/set-clock.js';
import { MinuteWindow } from './minute-window.js';

describe('a minute’s requests', () => {
  it('are never more than the limit in any 60 seconds, and no fewer than can be', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 25_000 }), { maxLength: 60 }),
        (most, waits) => {
          const clock = new SetClock();
          const window = new MinuteWindow(clock);
          const taken: number[] = [];
          for (const wait of waits) {
            clock.ms += wait;
            const recent = taken.filter((at) => at > clock.ms - 60_000).length;
            const took = window.take(most);
            expect(took).toBe(recent < most);
            if (took) taken.push(clock.ms);
          }
        },
      ),
    );
  });

  it('tell when the next may be made, and forget what is over', () => {
    const clock = new SetClock();
    const window = new MinuteWindow(clock);
    for (let at = 0; at < 5000; at += 1) {
      clock.ms += 60_000;
      expect([window.take(2), window.take(2), window.take(2)]).toEqual([true, true, false]);
    }
    clock.ms += 4500;
    expect(window.take(2)).toBe(false);
    expect(window.secondsUntilNext(2)).toBe(56);
    clock.ms += 55_499;
    expect(window.take(2)).toBe(false);
    expect(window.secondsUntilNext(2)).toBe(1);
    clock.ms += 1;
    expect([window.take(2), window.take(2)]).toEqual([true, true]);
    expect(window.take(1)).toBe(false);
    expect(window.secondsUntilNext(1)).toBe(60);
  });
});
