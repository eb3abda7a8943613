import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DomainError } from '../kernel/domain-error.js';
import { parseStrictJson } from './strict-json.js';

const parse = (text: string) => parseStrictJson(Buffer.from(text, 'utf8'));

function placeOf(bytes: Buffer | string): string | undefined {
  try {
    parseStrictJson(Buffer.from(bytes as string));
  } catch (error) {
    if (error instanceof DomainError && error.code === 'invalid_json') {
      return error.details?.[0]?.message;
    }
    throw error;
  }
  return undefined;
}

const wellFormed = fc.string({ unit: 'grapheme' });
const REFUSED = ['prototype', ...Object.getOwnPropertyNames(Object.prototype)];
const REFUSED_KEY = new RegExp(`"(${REFUSED.join('|')})":`);

describe('parseStrictJson', () => {
  it('reads every unambiguous value as JSON.parse does', () => {
    const values = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 8 });
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 4 }), (value, spaces) => {
        const text = JSON.stringify(value, null, spaces);
        fc.pre(!REFUSED_KEY.test(text));
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses exactly what JSON.parse refuses, in any damaged text', () => {
    const damaged = fc
      .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.string({ maxLength: 2 }))
      .map(([text, at, noise]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + noise + text.slice(place + 1);
      });
    fc.assert(
      fc.property(damaged, (text) => {
        fc.pre(!/\p{Surrogate}/u.test(text));
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        if (!valid) expect(placeOf(text)).toMatch(/^line \d+, column \d+: /);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses a key given twice, at any depth and in any spelling', () => {
    fc.assert(
      fc.property(wellFormed, fc.nat(10), (key, depth) => {
        fc.pre(!REFUSED.includes(key));
        const escaped = escapeAll(key);
        const twice = `{${JSON.stringify(key)}:1,"${escaped}":2}`;
        const nested = '[{"a":'.repeat(depth) + twice + '}]'.repeat(depth);
        expect(placeOf(nested)).toContain('a key is given twice');
      }),
    );
  });

  it('allows a key again in another object', () => {
    expect(parse('{"a":{"a":1},"b":[{"a":1},{"a":2}]}')).toEqual({
      a: { a: 1 },
      b: [{ a: 1 }, { a: 2 }],
    });
  });

  it.each(REFUSED)('refuses the key %s, which code below would pass over', (key) => {
    for (const text of [
      `{"${key}":{}}`,
      `{"a":[{"${escapeAll(key[0] ?? '')}${key.slice(1)}":1}]}`,
    ]) {
      expect(placeOf(text)).toContain(`the key ${key} is not allowed`);
    }
  });

  it('takes 64 levels and refuses the 65th, however long the text', () => {
    expect(parse('['.repeat(64) + ']'.repeat(64))).toBeInstanceOf(Array);
    expect(placeOf('['.repeat(65) + ']'.repeat(65))).toContain('line 1, column 65');
    expect(placeOf('['.repeat(1_000_000))).toContain('64 levels');
    expect(placeOf('{"a":'.repeat(65) + '1' + '}'.repeat(65))).toContain('64 levels');
  });

  it('takes 2,000 keys of one object and refuses the next', () => {
    const keys = (count: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, key) => [`k${key}`, 0])));
    expect(Object.keys(parse(keys(2000)) as object)).toHaveLength(2000);
    expect(placeOf(keys(2001))).toContain('more than 2000 keys');
    expect(placeOf(`[${keys(1500)},{"a":${keys(1500)}}]`)).toBeUndefined();
  });

  it('names the byte where UTF-8 ends', () => {
    expect(placeOf(Buffer.from([0x22, 0x61, 0xff, 0x22]))).toBe('byte 2: not valid UTF-8');
    expect(placeOf(Buffer.from([0x22, 0xc3, 0xa9, 0xed, 0xa0, 0x80, 0x22]))).toContain('byte 3');
    expect(placeOf(Buffer.from([0x22, 0xc0, 0xaf, 0x22]))).toContain('byte 1');
  });

  it('refuses bytes that are not UTF-8, whatever stands around them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (noise) => {
        const bytes = Buffer.concat([Buffer.from('{"a":"'), noise, Buffer.from('"}')]);
        fc.pre(!bytes.equals(Buffer.from(bytes.toString('utf8'))));
        expect(placeOf(bytes)).toMatch(/^byte \d+: /);
      }),
    );
  });

  it.each(['"\\ud800"', '{"a":"x\\udc00"}', '{"\\ud83d":1}'])(
    'refuses %s, which has no UTF-8 form',
    (text) => {
      expect(placeOf(text)).toContain('lone surrogate');
    },
  );

  it('says the line and column of a mistake', () => {
    expect(placeOf('{\n  "a": 1,\n  b: 2\n}')).toBe('line 3, column 3: not valid JSON');
    expect(placeOf('')).toBe('line 1, column 1: not valid JSON');
    expect(placeOf('{"a":1} x')).toBe('line 1, column 9: not valid JSON');
    expect(placeOf('\ufeff{}')).toBe('line 1, column 1: not valid JSON');
  });
});

/** Every UTF-16 unit as an escape, which JSON reads as the same text. */
function escapeAll(text: string): string {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}
