import { expect, it } from 'vitest';

import { Gathering } from './gathering.js';

it('asks once for those of the same moment, and answers each with its own', async () => {
  const asked: (readonly number[])[] = [];
  const gathering = new Gathering<number, number>(2, async (items) => {
    asked.push(items);
    return items.map((item) => item * 10);
  });
  expect(await Promise.all([1, 2, 3].map((item) => gathering.add(item)))).toEqual([10, 20, 30]);
  expect(asked).toEqual([[1, 2], [3]]);
  expect(await gathering.add(4)).toBe(40);
});

it('fails those together that were asked for together, and no other', async () => {
  const gathering = new Gathering<number, number>(2, async (items) => {
    if (items.includes(1)) throw new Error('no');
    return items;
  });
  const outcomes = await Promise.allSettled([1, 2, 3].map((item) => gathering.add(item)));
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
});

it('takes no answer for that of another', async () => {
  const gathering = new Gathering<number, number>(8, async (items) => items.slice(1));
  const outcomes = await Promise.allSettled([1, 2].map((item) => gathering.add(item)));
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
