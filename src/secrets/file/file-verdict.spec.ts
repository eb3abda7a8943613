import { describe, expect, it } from 'vitest';

import { judgeFile } from './file-verdict.js';

describe('judgeFile', () => {
  it.each([
    ['level', null, null, null, null],
    ['level', null, null, null, 'X'],
    ['adopt', null, null, 'X', null],
    ['promote', 'A', null, null, 'A'],
    ['level', 'A', null, 'A', null],
    ['level', 'A', null, 'A', 'X'],
    ['missing', 'A', null, null, null],
    ['missing', 'A', null, null, 'X'],
    ['conflict', 'A', null, 'X', 'A'],
    ['adopt', 'A', null, 'X', null],
    ['promote', 'B', 'A', 'A', 'B'],
    ['level', 'B', 'A', 'B', 'X'],
    ['level', 'B', 'A', 'B', 'B'],
    ['adopt', 'B', 'A', 'A', null],
    ['adopt', 'B', 'A', 'X', 'Y'],
    ['conflict', 'B', 'A', 'X', 'B'],
    ['conflict', 'B', 'A', null, 'B'],
  ] as const)('says %s: committed %s over %s, file %s, next %s', (...row) => {
    const [verdict, committed, before, file, next] = row;
    expect(judgeFile({ committed, before, file, next })).toBe(verdict);
  });
});
