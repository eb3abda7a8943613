import { describe, expect, it } from 'vitest';

import { KNOWN_ESCAPES, isOlderThanFix } from './known-escapes.js';

describe('isOlderThanFix', () => {
  const fixed = ['1.2.8', '1.3.3', '1.4.0'];
  it.each([
    ['1.1.5+ds1', true],
    ['1.2.7', true],
    ['1.2.8', false],
    ['1.3.0-rc.1', true],
    ['v1.3.3', false],
    ['1.4.0', false],
    ['1.5', false],
    ['2.0.0', false],
    ['dev', false],
    ['', false],
  ])('compares %s with its own release line: %s', (version, older) => {
    expect(isOlderThanFix(version, fixed)).toBe(older);
  });

  it('takes a line between two fixed ones, which never got the fix, as older', () => {
    expect(isOlderThanFix('24.0.9', ['23.0.11', '25.0.5', '26.0.0'])).toBe(true);
  });
});

describe('the table', () => {
  it('names each flaw once, with readable versions in ascending order', () => {
    expect(new Set(KNOWN_ESCAPES.map(({ cve }) => cve)).size).toBe(KNOWN_ESCAPES.length);
    for (const { fixedIn } of KNOWN_ESCAPES) {
      expect(fixedIn.length).toBeGreaterThan(0);
      for (const [at, version] of fixedIn.entries()) {
        expect(version).toMatch(/^\d+\.\d+\.\d+$/);
        const next = fixedIn[at + 1];
        if (next) expect(isOlderThanFix(version, [next])).toBe(true);
      }
    }
  });
});
