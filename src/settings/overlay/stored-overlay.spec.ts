import { describe, expect, it } from 'vitest';

import { loadSettings } from '../../config/load-settings.js';
import { differenceOf, entityTagOf, matches, readOverlay } from './stored-overlay.js';

const base = loadSettings({});

describe('a stored overlay', () => {
  it('is taken where it is right', () => {
    const read = readOverlay(base, '{"runs":{"maxConcurrent":1}}');
    expect(read).toMatchObject({ settings: { runs: { maxConcurrent: 1 } }, wider: [] });
  });

  it('keeps what narrows, and loses what is wider than the settings of this start', () => {
    const text = '{"runs":{"maxConcurrent":5},"codex":{"sandbox":{"timeoutSeconds":9}}}';
    const stating = (maxConcurrent: number) =>
      Object.assign({}, base, {
        runs: { ...base.runs, maxConcurrent },
        configuredKeys: new Set(['runs.maxConcurrent']),
      });
    const lowered = stating(4);
    const read = readOverlay(lowered, text);
    expect(read).toMatchObject({
      overlay: { codex: { sandbox: { timeoutSeconds: 9 } } },
      settings: { runs: { maxConcurrent: 4 }, codex: { sandbox: { timeoutSeconds: 9 } } },
      wider: [expect.stringMatching(/^runs\.maxConcurrent: must be at most 4, .*; 5 was asked$/)],
    });
    expect(readOverlay(stating(5), text)).toMatchObject({ wider: [] });
  });

  it.each([
    ['{"runs": {', 'it is not JSON'],
    ['[]', 'it is not an object'],
    ['{"runs":{"maxConcurrent":"many"}}', /^runs\.maxConcurrent: /],
    ['{"codex":{"sandbox":{"envPassthrough":["HOME"]}}}', /^codex\.sandbox\.envPassthrough: /],
  ])('is told from one that a start cannot use: %s', (text, problem) => {
    expect(readOverlay(base, text)).toEqual({ problems: [expect.stringMatching(problem)] });
  });
});

describe('If-Match', () => {
  const overlay = { runs: { maxConcurrent: 5 } };
  const tag = entityTagOf(overlay);

  it.each([undefined, '*', tag, `"a", ${tag}`])('is met by %s', (condition) => {
    expect(matches(condition, overlay)).toBe(true);
    expect(condition === tag && matches(condition, {})).toBe(false);
  });

  it.each(['', '""', `W/${tag}`, tag.slice(1, -1), '"*"'])('is not met by %j', (condition) => {
    expect(matches(condition, overlay)).toBe(false);
  });
});

describe('the difference of two overlays', () => {
  it('names what is set, set anew and removed', () => {
    const before = { a: { b: 1, c: 2 }, d: 3, e: {} };
    expect(differenceOf(before, { a: { b: 1, c: 4 }, f: [1] })).toEqual({
      set: ['a.c', 'f'],
      removed: ['d'],
    });
    expect(differenceOf(before, { d: 3, a: { c: 2, b: 1 } })).toEqual({ set: [], removed: [] });
  });
});
