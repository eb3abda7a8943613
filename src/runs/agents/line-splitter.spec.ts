import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LineSplitter, type SplitLine } from './line-splitter.js';

function split(pieces: readonly Buffer[], mostBytes = 100): SplitLine[] {
  const splitter = new LineSplitter(mostBytes);
  return [...pieces.flatMap((piece) => [...splitter.push(piece)]), ...splitter.end()];
}

const line = fc.string({ unit: fc.constantFrom('a', 'é', '𝄞', ' ', '{'), maxLength: 20 });

describe('LineSplitter', () => {
  it('gives the lines, however their bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(line),
        fc.string({ minLength: 1, unit: 'grapheme-ascii' }),
        fc.integer({ min: 1, max: 7 }),
        (lines, last, size) => {
          const bytes = Buffer.from([...lines, last].join('\n'));
          const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
            bytes.subarray(index * size, (index + 1) * size),
          );
          expect(split(pieces)).toEqual([...lines, last].map((text) => ({ text })));
        },
      ),
    );
  });

  it('takes the break of other systems off, and nothing else', () => {
    expect(split([Buffer.from('one\r\n\r\ntw\ro\n')])).toEqual([
      { text: 'one' },
      { text: '' },
      { text: 'tw\ro' },
    ]);
  });

  it('holds nothing of a line that is too long, tells its length, and goes on behind it', () => {
    const endless = Array.from({ length: 50 }, () => Buffer.alloc(1000, 'x'));
    const found = split([Buffer.from('a\n'), ...endless, Buffer.from('\nb\n')], 1500);
    expect(found).toEqual([{ text: 'a' }, { tooLongBytes: 50_000 }, { text: 'b' }]);
    const splitter = new LineSplitter(1500);
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < 2000; at += 1)
      for (const _ of splitter.push(Buffer.alloc(100_000))) break;
    globalThis.gc?.();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150 * 1024 ** 2);
    expect([...splitter.end()]).toEqual([{ tooLongBytes: 200_000_000 }]);
  });

  it('gives out a line that is over before its break comes, and its break once', () => {
    const splitter = new LineSplitter(100);
    const taken = (...pieces: string[]) =>
      pieces.flatMap((piece) => [...splitter.push(Buffer.from(piece)), ...splitter.over()]);
    expect(taken('one', '\ntwo', '\n\nthree\n')).toEqual(
      ['one', 'two', '', 'three'].map((text) => ({ text })),
    );
    expect(taken('', 'four')).toEqual([{ text: 'four' }]);
    expect([...splitter.push(Buffer.from('five\n'))]).toEqual([{ text: 'five' }]);
  });

  it('begins anew where something is missing', () => {
    const splitter = new LineSplitter(100);
    expect([...splitter.push(Buffer.from('half a li'))]).toEqual([]);
    splitter.drop();
    expect([...splitter.push(Buffer.from('ne\nwhole\n'))]).toEqual([
      { text: 'ne' },
      { text: 'whole' },
    ]);
  });
});
