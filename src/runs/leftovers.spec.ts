import { describe, expect, it } from 'vitest';

import { Leftovers } from './leftovers.js';

describe('what a run left', () => {
  it('is given back even when the same run leaves something again', async () => {
    const leftovers = new Leftovers();
    const givenBack: string[] = [];
    leftovers.add('R1', 'MT-1', () => Promise.reject(new Error('the engine is away')));
    leftovers.add('R1', 'MT-1', () => Promise.resolve(void givenBack.push('second')));
    await leftovers.remove();
    expect(givenBack).toEqual(['second']);
    expect(leftovers.has('MT-1')).toBe(true);
  });

  it('that is added while the first is given back is kept', async () => {
    const leftovers = new Leftovers();
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
});
