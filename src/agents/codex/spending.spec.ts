import { describe, expect, it } from 'vitest';

import { costMicros, passedLimit } from './spending.js';

const NONE = { tokensPerRun: 0, tokensPerIssue: 0, costPerRun: 0, costPerIssue: 0 };
const spent = (tokens: number, cost: number) => ({ tokens, costMicros: cost });

describe('what tokens cost', () => {
  const tokens = {
    inputTokens: 1000,
    cachedInputTokens: 400,
    outputTokens: 100,
    reasoningOutputTokens: 60,
  };

  it('counts cached input by its own price, and reasoning as output', () => {
    const price = { inputPerMillion: 2, cachedInputPerMillion: 0.5, outputPerMillion: 10 };
    expect(costMicros(tokens, price)).toBe(600 * 2 + 400 * 0.5 + 100 * 10);
  });

  it('counts cached input as other input where it has no price', () => {
    expect(costMicros(tokens, { inputPerMillion: 2, outputPerMillion: 10 })).toBe(3000);
  });
});

describe('a limit', () => {
  const so = { run: spent(100, 2_000_000), issue: spent(300, 5_000_000) };

  it.each<[limits: Partial<typeof NONE>, reason: string | null, words: string]>([
    [{}, null, ''],
    [{ tokensPerRun: 101, tokensPerIssue: 301, costPerRun: 2.1, costPerIssue: 5.1 }, null, ''],
    [{ tokensPerRun: 100 }, 'token_limit', 'The run used 100 tokens'],
    [{ tokensPerIssue: 300 }, 'token_limit', 'The runs of the issue used 300 tokens'],
    [{ costPerRun: 2 }, 'cost_limit', 'costPerRun is 2'],
    [{ costPerIssue: 4.5 }, 'cost_limit', 'The runs of the issue used 5 in cost'],
  ])('%j: %s', (limits, reason, words) => {
    const passed = passedLimit(so, { ...NONE, ...limits });

    expect(passed?.reason ?? null).toBe(reason);
    expect(passed?.message ?? '').toContain(words);
  });
});
