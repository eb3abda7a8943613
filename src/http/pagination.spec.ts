import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeCursor, encodeCursor } from './pagination.js';

const parts = fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer()), { maxLength: 4 });

describe('cursors', () => {
  it('come back as what they were made from', () => {
    fc.assert(
      fc.property(parts, (given) => {
        expect(decodeCursor(encodeCursor(given))).toEqual(given);
      }),
    );
  });

  it('are refused with one code, whatever a client makes of them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json()), (text) => {
        try {
          const decoded = decodeCursor(text);
          expect(encodeCursor(decoded)).toBe(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_cursor' });
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['', 'e30', 'W251bGxd', 'W3t9XQ', 'WzFd=', 'WzFd '])('%j is none', (text) => {
    expect(() => decodeCursor(text)).toThrow(/cursor/);
  });
});
