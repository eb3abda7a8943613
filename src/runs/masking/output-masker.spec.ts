import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MaskPatterns, OutputMasker } from './output-masker.js';

/** Masks `text`, handed over in pieces of the sizes given (cycled). */
function mask(values: string[], text: string | Buffer, sizes: number[] = [7]): string {
  const masker = new OutputMasker(new MaskPatterns(values));
  const bytes = Buffer.from(text as string);
  const out: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length]!);
    out.push(masker.push(bytes.subarray(at, at + size)));
    at += size;
  }
  out.push(masker.end());
  return Buffer.concat(out).toString('utf8');
}

const secret = 's3cr3t/Välue+with=signs & spaces';
const encodings: Record<string, (value: Buffer) => string> = {
  raw: (value) => value.toString('utf8'),
  base64: (value) => value.toString('base64'),
  base64url: (value) => value.toString('base64url'),
  hex: (value) => value.toString('hex'),
  HEX: (value) => value.toString('hex').toUpperCase(),
  uri: (value) => encodeURIComponent(value.toString('utf8')),
  form: (value) => new URLSearchParams({ v: value.toString('utf8') }).toString().slice(2),
  'percent-encoded bytes': (value) => value.toString('hex').replaceAll(/../g, '%$&'),
  json: (value) => JSON.stringify(value.toString('utf8')).slice(1, -1),
};

describe('OutputMasker', () => {
  it.each(Object.entries(encodings))('masks %s, however the reads fall', (_name, encode) => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 8, maxLength: 60, unit: 'grapheme-ascii' }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        (value, sizes) => {
          const shown = encode(Buffer.from(value));
          const masked = mask([value], `<<${shown}>>`, sizes);
          expect(masked).toBe('<<***>>');
        },
      ),
    );
  });

  it('masks base64 of the value inside something longer, at each alignment', () => {
    for (const before of ['', 'a', 'ab', 'abc']) {
      for (const after of ['', '\n', 'xy']) {
        const shown = Buffer.from(before + secret + after).toString('base64');
        const masked = mask([secret], shown);
        expect(masked).toContain('***');
        // What is left holds fewer bits of the value than one of its bytes at each end.
        expect(masked.length).toBeLessThan(3 + 4 + 4 + 4);
      }
    }
  });

  it('masks base64 and hex that were wrapped at a width', () => {
    const value = 'long-secret-'.repeat(20);
    const base64 = Buffer.from(value).toString('base64').replaceAll(/.{76}/g, '$&\n');
    const hex = Buffer.from(value).toString('hex').replaceAll(/.{50}/g, '$&\r\n');
    expect(mask([value], `a ${base64} b`)).toBe('a *** b');
    expect(mask([value], `a ${hex} b`, [1])).toBe('a *** b');
  });

  it('masks each longer line of a value of several lines', () => {
    const key = '-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\n-----END KEY-----';
    expect(mask([key], `  ${key.split('\n').join('\n  ')}`)).toBe('  ***\n  ***\n  ***');
    expect(mask([key], key)).toBe('***');
  });

  it('changes nothing else, and leaves no value in what it gives out', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'ab', '\n', 'é', '-') });
    fc.assert(
      fc.property(text, text, fc.integer({ min: 1, max: 5 }), (around, value, size) => {
        fc.pre(value.length >= 2);
        const clean = mask(['zzzzzzzz'], around, [size]);
        expect(clean).toBe(around);
        expect(mask([value], around + value + around, [size])).not.toContain(value);
      }),
      { numRuns: 500 },
    );
  });

  it('masks the longer of two values that overlap, and one-character values too', () => {
    expect(mask(['token', 'token-extended'], 'a token-extended b token c')).toBe('a *** b *** c');
    expect(mask(['x'], 'axb')).toBe('a***b');
  });

  it('gives out at once what cannot be part of a value', () => {
    const masker = new OutputMasker(new MaskPatterns([secret]));
    expect(masker.push(Buffer.from('hello\n')).toString()).toBe('hello\n');
    expect(masker.push(Buffer.from('s3cr3t/V')).toString()).toBe('');
    expect(masker.push(Buffer.from('isible\n')).toString()).toBe('s3cr3t/Visible\n');
  });

  it('goes through 8 MiB of near misses in a few seconds', () => {
    const masker = new OutputMasker(new MaskPatterns(['a'.repeat(40) + 'b']));
    const block = Buffer.alloc(64 * 1024, 'a');
    let given = 0;
    for (let index = 0; index < 128; index += 1) given += masker.push(block).length;
    expect(given + masker.end().length).toBe(128 * 64 * 1024);
  });
});
