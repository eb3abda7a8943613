import fc from 'fast-check';
import { Parser, type ReadEntry } from 'tar';
import { describe, expect, it } from 'vitest';

import { END, longName, pax, rawEntry, tarOf } from '../../../test/workspaces/tar-bytes.js';
import { TarFraming } from './tar-framing.js';

interface Seen {
  type: string;
  name: string;
  size: number;
}

const TYPES: Record<string, string> = {
  File: '0',
  OldFile: '0',
  Link: '1',
  SymbolicLink: '2',
  CharacterDevice: '3',
  BlockDevice: '4',
  Directory: '5',
  FIFO: '6',
  ContiguousFile: '7',
  GNUDumpDir: 'D',
};

/** What the frame says is in an archive, and what comes out of it. */
function framed(archive: Buffer): { entries: Seen[]; bytes: Buffer } {
  const entries: Seen[] = [];
  const framing = new TarFraming({ onEntry: (entry) => entries.push(entry) });
  return { entries, bytes: Buffer.concat([...framing.push(archive), framing.end()]) };
}

/** What the library sees; `null` where it refuses. */
function parsed(bytes: Buffer): Seen[] | null {
  const entries: Seen[] = [];
  let refused = false;
  const parser = new Parser({ strict: true });
  parser.on('error', () => (refused = true));
  parser.on('ignoredEntry', () => (refused = true));
  parser.on('entry', (entry: ReadEntry) => {
    entries.push({ type: TYPES[entry.type] ?? entry.type, name: entry.path, size: entry.size });
    entry.resume();
  });
  parser.end(bytes);
  return refused ? null : entries;
}

const odd = fc.constantFrom(
  'a',
  'd/',
  'ü',
  'a\nb',
  'a\0b',
  'a\0b\nc',
  'a\0b\rc',
  '',
  '../x',
  '12 path=z\n',
  '0',
);
const key = fc.constantFrom(
  'path',
  'linkpath',
  'size',
  'type',
  'mtime',
  'mode',
  'comment',
  'SCHILY.xattr.a',
);
const entry = fc
  .record({
    name: odd,
    type: fc.constantFrom('0', '\0', '1', '2', '5', '7', 'D', 'g', 'x', 'L', 'K', 'N', 'S', '\xff'),
    link: fc.constantFrom('', 'a', 'a\0\nb'),
    body: fc.constantFrom('', 'x', 'y'.repeat(600), '9 path=b\n', '11 path=ü\n'),
  })
  .map((raw) => rawEntry(raw));
const record = fc
  .tuple(key, fc.oneof(odd, fc.constantFrom('512', '1', '0x1', '1e0', ' 1', '-1', '1.0')))
  .map(([name, value]) => pax(name, value));
const file = rawEntry({ name: 'a', body: 'x' });
const taken = fc.constantFrom(
  file,
  rawEntry({ name: 'd/', type: '\0' }),
  rawEntry({ name: 'l', type: '2', link: 'a' }),
  rawEntry({ name: 'h', type: '1', link: 'a' }),
  pax('path', 'größe\nb'),
  pax('size', '1'),
  pax('comment', 'x\n9 size=0\n'),
  longName('long/'),
  longName('long'),
);
const part = fc.oneof(
  { weight: 6, arbitrary: taken },
  { weight: 1, arbitrary: entry },
  { weight: 1, arbitrary: record },
  {
    weight: 1,
    arbitrary: fc
      .tuple(odd, fc.constantFrom('L' as const, 'K' as const))
      .map(([name, type]) => longName(name, type)),
  },
);
const flip = fc.record({ at: fc.nat(), to: fc.nat(255), sums: fc.boolean() });

/** Some bytes are others, with the header's sum right again or not. */
function flipped(
  archive: Buffer,
  flips: readonly { at: number; to: number; sums: boolean }[],
): Buffer {
  const bytes = Buffer.from(archive);
  for (const { at, to, sums } of flips) {
    const place = at % bytes.length;
    bytes[place] = to;
    if (!sums) continue;
    const header = bytes.subarray(place - (place % 512), place - (place % 512) + 512);
    header.write('        ', 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  }
  return bytes;
}

describe('two readers of what the frame lets through', () => {
  it('see the same entries', () => {
    let both = 0;
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 5 }),
        fc.array(flip, { maxLength: 1 }),
        (parts, flips) => {
          const archive = flipped(tarOf(...parts), flips);
          let through;
          try {
            through = framed(archive);
          } catch {
            return;
          }
          const seen = parsed(through.bytes);
          if (seen === null) return;
          both += through.entries.length > 0 ? 1 : 0;
          expect(seen).toEqual(through.entries);
        },
      ),
      { numRuns: 3000 },
    );
    expect(both).toBeGreaterThan(100);
  });

  it('see names of every alphabet in pax, also with a line feed, and its times', () => {
    const { bytes } = framed(
      tarOf(
        pax('comment', 'x\n20 path=smuggled\n'),
        pax('mtime', '1700000000.5'),
        pax('path', 'größe\n20 path=y'),
        rawEntry({ name: 'short', body: 'x' }),
      ),
    );
    expect(parsed(bytes)).toEqual([{ type: '0', name: 'größe\n20 path=y', size: 1 }]);
    expect(bytes.toString('latin1')).toContain('22 mtime=1700000000.5\n');
  });

  const gzipped = rawEntry({ name: Buffer.from([0x1f, 0x8b, 8]), body: 'x' });
  const zstd = rawEntry({ name: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), body: 'x' });
  const unsummed = Buffer.from(file);
  unsummed[0] = 0x62;
  const noMagic = Buffer.from(file);
  noMagic.write('other', 257);

  it.each<[string, Buffer[]]>([
    ['gzip in a header', [gzipped]],
    ['zstd in a header', [zstd]],
    ['a wrong sum', [unsummed]],
    ['another magic', [noMagic]],
  ])('are not asked about %s', (_what, parts) => {
    expect(() => framed(tarOf(...parts))).toThrow('no tar archive');
  });

  it.each<[string, Buffer[]]>([
    ['a size that is no number', [pax('size', '0x1'), file]],
    ['a size in exponents', [pax('size', '1e0'), file]],
    ['a name twice', [pax('path', 'b'), pax('path', 'c'), file]],
    ['a name in pax and in GNU’s form', [pax('path', 'b'), longName('c'), file]],
    [
      'a record without its line feed',
      [rawEntry({ name: 'p', type: 'x', body: '10 path=ab' }), file],
    ],
    ['a record that is too long', [rawEntry({ name: 'p', type: 'x', body: '99 path=ab\n' }), file]],
    ['a type in pax', [pax('type', 'SymbolicLink'), file]],
    ['a size for all entries', [rawEntry({ name: 'g', type: 'g', body: '9 size=0\n' }), file]],
    ['a file whose name is a directory’s', [rawEntry({ name: 'd/', body: 'x' })]],
    ['a long name that is a directory’s', [longName('d/'), file]],
    ['a name that goes on behind its end', [longName('a\0b'), file]],
  ])('are not asked about %s, with a word', (_what, parts) => {
    expect(() => framed(tarOf(...parts))).toThrow('two ways');
  });

  it.each(['\n', '\r', '\u2028', '\u2029'])(
    'are not asked about a name behind its end and %j',
    (line) => {
      const hidden = rawEntry({ name: `a\0b${line}c`, body: 'x' });
      expect(() => framed(tarOf(hidden))).toThrow('two ways');
    },
  );

  it('see the size that both kinds of header tell', () => {
    expect(framed(tarOf(pax('size', '1'), file)).bytes).toEqual(Buffer.concat([file, END]));
  });
});
