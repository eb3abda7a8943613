import { describe, expect, it } from 'vitest';

import { WorkGate } from './work-gate.js';

/** A work that ends when it is told to. */
function held(): { work: () => Promise<void>; end: () => void; began: () => boolean } {
  let end!: () => void;
  let began = false;
  const over = new Promise<void>((resolve) => (end = resolve));
  const work = (): Promise<void> => {
    began = true;
    return over;
  };
  return { work, end, began: () => began };
}

const turn = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a gate', () => {
  it('lets so many in, and the next when one has left, in their order', async () => {
    const gate = new WorkGate(2);
    const works = [held(), held(), held(), held()];
    const all = works.map(({ work }) => gate.run(work));
    const began = (): boolean[] => works.map((one) => one.began());
    await turn();
    expect(began()).toEqual([true, true, false, false]);
    works[1]?.end();
    await turn();
    expect(began()).toEqual([true, true, true, false]);
    for (const { end } of works) end();
    await Promise.all(all);
    expect(began()).toEqual([true, true, true, true]);
  });

  it('is left by a work that fails', async () => {
    const gate = new WorkGate(1);
    await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.run(() => Promise.resolve(7))).toBe(7);
  });

  it('does not count a work that is in the way, and counts its end once', async () => {
    const gate = new WorkGate(1);
    const [slow, other, last] = [held(), held(), held()];
    const all = [gate.run(slow.work, 20), gate.run(other.work), gate.run(last.work)];
    await expect.poll(() => other.began()).toBe(true);
    slow.end();
    await turn(10);
    expect(last.began()).toBe(false);
    other.end();
    await turn(10);
    expect(last.began()).toBe(true);
    last.end();
    await Promise.all(all);
  });
});
