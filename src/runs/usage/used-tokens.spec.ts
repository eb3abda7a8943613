import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { counted, type CountedThread, type TokenCounts, type UsageRow } from './used-tokens.js';

const total = (inputTokens: number, outputTokens: number): TokenCounts => ({
  inputTokens,
  cachedInputTokens: 0,
  outputTokens,
  reasoningOutputTokens: 0,
});

/** One millionth for each token of input. */
const count = (threadId: string, counts: TokenCounts, priced = true): CountedThread => ({
  threadId,
  total: counts,
  costMicrosOf: ({ inputTokens }) => (priced ? inputTokens : null),
});

const after = (...counts: CountedThread[]): UsageRow | null =>
  counts.reduce<UsageRow | null>(counted, null);

describe('what a run used', () => {
  it('is what its conversation counts, whichever counts came twice', () => {
    const [first, second] = [count('A', total(10, 1)), count('A', total(25, 4))];

    expect(after(first, first, second, second)).toMatchObject({
      inputTokens: 25,
      outputTokens: 4,
      costMicros: 25,
    });
  });

  it('goes on from a count that fell back, and from that of another conversation', () => {
    const fallen = after(count('A', total(30, 0)), count('A', total(10, 0)));
    expect(fallen).toMatchObject({ inputTokens: 30, seen: { inputTokens: 10 } });

    const row = after(
      count('A', total(30, 0)),
      count('A', total(10, 0)),
      count('A', total(15, 0)),
      count('B', total(7, 0)),
    );
    expect(row).toMatchObject({ inputTokens: 42, costMicros: 42, threadId: 'B' });
  });

  it('has no cost from the first token without a price on', () => {
    const row = after(
      count('A', total(10, 0)),
      count('A', total(20, 0), false),
      count('A', total(30, 0)),
    );
    expect(row).toMatchObject({ inputTokens: 30, costMicros: null });
    expect(after(count('A', total(0, 0), false))).toMatchObject({ costMicros: 0 });
  });

  it('never falls', () => {
    const counts = fc.record({ id: fc.constantFrom('A', 'B'), input: fc.nat(), output: fc.nat() });
    fc.assert(
      fc.property(fc.array(counts), (all) => {
        let row: UsageRow | null = null;
        for (const { id, input, output } of all) {
          const before: UsageRow | null = row;
          row = counted(row, count(id, total(input, output)));
          expect(row.inputTokens).toBeGreaterThanOrEqual(before?.inputTokens ?? 0);
          expect(row.outputTokens).toBeGreaterThanOrEqual(before?.outputTokens ?? 0);
        }
      }),
    );
  });
});
