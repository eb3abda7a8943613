import { describe, expect, it } from 'vitest';

import { LocalCancelSignal } from './cancel-signal.js';
import { Leftovers } from './leftovers.js';
import { RunChanges } from './run-changes.js';
import { RunSignals } from './run-signals.js';

const signals = new RunSignals(new RunChanges(), new LocalCancelSignal());

describe('what a run left', () => {
  it('is given back even when the same run leaves something again', async () => {
    const leftovers = new Leftovers(signals);
    const givenBack: string[] = [];
    leftovers.add('R1', 'MT-1', () => Promise.reject(new Error('the engine is away')));
    leftovers.add('R1', 'MT-1', () => Promise.resolve(void givenBack.push('second')));
    await leftovers.remove();
    expect(givenBack).toEqual(['second']);
    expect(leftovers.has('MT-1')).toBe(true);
    expect(leftovers.runIds).toEqual(['R1']);
  });

  it('that is added while the first is given back is kept', async () => {
    const leftovers = new Leftovers(signals);
    let failing = true;
    leftovers.add('R1', 'MT-1', () => {
      leftovers.add('R1', 'MT-1', () =>
        failing ? Promise.reject(new Error('not yet')) : Promise.resolve(),
      );
      return Promise.resolve();
    });
    await leftovers.remove();
    expect(leftovers.has('MT-1')).toBe(true);
    failing = false;
    await leftovers.remove();
    expect(leftovers.has('MT-1')).toBe(false);
  });

  it('wakes the line when it is given back, and not before', async () => {
    const leftovers = new Leftovers(signals);
    let woken = 0;
    signals.onQueued(() => (woken += 1));
    let failing = true;
    leftovers.add('R1', 'MT-1', () =>
      failing ? Promise.reject(new Error('not yet')) : Promise.resolve(),
    );
    await leftovers.remove();
    expect([woken, leftovers.runIds]).toEqual([0, ['R1']]);
    failing = false;
    await leftovers.remove();
    expect([woken, leftovers.runIds]).toEqual([1, []]);
  });
});
