import { describe, expect, it } from 'vitest';

import { continueAfter, ID_PATTERN, newId } from './ids.js';

describe('newId', () => {
  it('makes ids that differ, sort by when they were made, and use every character', () => {
    const ids = Array.from({ length: 20_000 }, newId);
    for (const id of ids) expect(id).toMatch(ID_PATTERN);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('draws each new random part from fresh randomness, over the ends of the pool too', async () => {
    const parts: string[] = [];
    for (let count = 0; count < 600; count += 1) {
      parts.push(newId().slice(10));
      await nextMillisecond();
    }
    expect(new Set(parts).size).toBe(parts.length);
    // 9,600 characters of 32: a character that never comes would be a fault of the draw.
    expect(new Set(parts.join('')).size).toBe(32);
    // Half of the first bits are ones, within five standard deviations.
    const ones = parts.filter((part) => part >= 'G').length;
    expect(Math.abs(ones - 300)).toBeLessThan(62);
  });

  it('goes on behind an id of a clock that was ahead', () => {
    const ahead = '7000000000ZZZZZZZZZZZZZZZZ';
    continueAfter(ahead);
    const ids = [ahead, newId(), newId()];
    expect(ids.toSorted()).toEqual(ids);
    expect(ids[2]).toMatch(ID_PATTERN);
  });
});

function nextMillisecond(): Promise<void> {
  const began = Date.now();
  return new Promise((resolve) => {
    const look = () => (Date.now() > began ? resolve() : setImmediate(look));
    look();
  });
}
