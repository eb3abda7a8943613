import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isIssueKey } from './issue-key.js';

describe('issue keys', () => {
  it.each(['MT-42', 'a', '7', 'release_1.2', 'x'.repeat(64)])('takes %s', (key) => {
    expect(isIssueKey(key)).toBe(true);
  });

  it.each([
    '',
    '.',
    '..',
    '.homes',
    '-rf',
    '_a',
    'a..b',
    'a.',
    'a/b',
    'a\\b',
    '../../etc',
    'a%2fb',
    'a\0b',
    'a\n',
    'МТ-42', // Cyrillic letters that look like M and T
    'MT‐42', // a hyphen that is not ASCII
    'x'.repeat(65),
    'x'.repeat(300),
  ])('refuses %j', (key) => {
    expect(isIssueKey(key)).toBe(false);
  });

  it('never lets through what is more than one plain path component', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            'a',
            'Z',
            '9',
            '-',
            '_',
            '.',
            '/',
            '\\',
            '%',
            '~',
            ' ',
            '\0',
            '\n',
            ':',
          ),
          maxLength: 6,
        }),
        (text) => {
          if (!isIssueKey(text)) return;
          expect(text).toMatch(/^[A-Za-z0-9._-]+$/);
          expect(text).not.toMatch(/^[.-]|\.\.|\.$/);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
