import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MaskForms, ValueMask } from './value-mask.js';

const SECRET = 'sk-abcabcd-0123';
const forms = new MaskForms([SECRET, 'c2stYWJj'].map((text) => Buffer.from(text)));

function through(pieces: readonly string[], { releasing = false } = {}): string {
  const mask = new ValueMask(forms);
  const out = pieces.flatMap((piece) => [
    mask.push(Buffer.from(piece)),
    ...(releasing ? [mask.release()] : []),
  ]);
  // A piece may be a view of memory that is written over later.
  return Buffer.concat([...out.map((one) => Buffer.from(one)), mask.end()]).toString();
}

const STARS = '*'.repeat(SECRET.length);

/** Every form at once, without a stream. */
const whole = (text: string): string => forms.masked(text);

describe('the mask of a stream', () => {
  it('puts stars over a secret, as many as it has bytes, however it is cut', () => {
    for (let at = 1; at < SECRET.length; at += 1) {
      const cut = ['before ', SECRET.slice(0, at), `${SECRET.slice(at)} after`];
      expect(through(cut)).toBe(`before ${STARS} after`);
    }
    expect(through(`<${SECRET}><c2stYWJj>`.split(''))).toBe(`<${STARS}><********>`);
  });

  it('gives out at once what cannot become a secret', () => {
    const mask = new ValueMask(forms);
    expect(mask.push(Buffer.from('data: {}\n\n')).toString()).toBe('data: {}\n\n');
    expect(mask.held).toBe(0);
    expect(mask.push(Buffer.from('x sk-')).toString()).toBe('x ');
    expect(mask.held).toBe(3);
    expect(mask.push(Buffer.from('y')).toString()).toBe('sk-y');
  });

  it('releases a beginning that tells nothing, and still masks what becomes of it', () => {
    const mask = new ValueMask(forms);
    expect(mask.push(Buffer.from('sk-')).toString()).toBe('');
    expect(mask.release().toString()).toBe('sk-');
    expect(mask.release().toString()).toBe('');
    expect(mask.push(Buffer.from(`${SECRET.slice(3)}!`)).toString()).toBe(`${'*'.repeat(12)}!`);
    expect(through(SECRET.split(''), { releasing: true })).toBe(
      `${SECRET.slice(0, 7)}${'*'.repeat(8)}`,
    );
  });

  it('never releases more of a beginning, and masks one that is cut off by the end', () => {
    const mask = new ValueMask(forms);
    expect(mask.push(Buffer.from(SECRET.slice(0, 9))).toString()).toBe('');
    expect(mask.release()).toHaveLength(0);
    expect(mask.end().toString()).toBe('*'.repeat(9));
    expect(through([SECRET.slice(0, 7)])).toBe(SECRET.slice(0, 7));
  });

  it('does the same to a stream in pieces as to the whole', () => {
    const piece = fc.constantFrom<string>(
      SECRET,
      'sk-',
      'abc',
      'abcabcd',
      '-0123',
      'c2st',
      'YWJj',
      'x',
      '',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.nat(), (pieces, seed) => {
        const text = `${pieces.join('')}\n`;
        const at = text.length === 0 ? 0 : seed % text.length;
        expect(through(pieces.concat('\n'))).toBe(whole(text));
        expect(through([text.slice(0, at), text.slice(at)])).toBe(whole(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('changes nothing where there is no secret', () => {
    const mask = new ValueMask(new MaskForms([]));
    expect(mask.push(Buffer.from(SECRET)).toString()).toBe(SECRET);
  });
});
