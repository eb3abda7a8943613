import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { END, pax, rawEntry, tarOf } from '../../../test/workspaces/tar-bytes.js';
import { TarFraming } from './tar-framing.js';

function through(framing: TarFraming, bytes: Buffer, cuts: readonly number[]): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    pieces.push(...framing.push(bytes.subarray(from, cut)));
    from = cut;
  }
  return Buffer.concat([...pieces, framing.end()]);
}

describe('the frame of a tar stream', () => {
  const a = rawEntry({ name: 'a', body: 'x'.repeat(700) });
  const pipe = Buffer.concat([pax('path', 'länger'), rawEntry({ name: 'pipe', type: '6' })]);
  const b = Buffer.concat([pax('path', 'ü'), rawEntry({ name: 'b', body: 'y' })]);

  it('passes on what is kept, with its headers, wherever it is cut', () => {
    const whole = tarOf(a, pipe, b);
    const kept = through(new TarFraming(), tarOf(a, b), []);
    const cuts = fc.array(fc.nat(whole.length), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (where) => {
        let dropped = 0;
        const framing = new TarFraming({
          keeps: (type) => type === '0',
          onDropped: () => (dropped += 1),
        });
        expect(through(framing, whole, where)).toEqual(kept);
        expect(dropped).toBe(1);
      }),
    );
  });

  it.each<[string, Buffer]>([
    ['without its end', a],
    ['in a body', tarOf(a).subarray(0, 600)],
    ['in a header', tarOf(a).subarray(0, 100)],
    ['behind a pax header', Buffer.concat([pax('path', 'x'), END])],
  ])('refuses what is cut off %s', (_where, bytes) => {
    expect(() => through(new TarFraming(), bytes, [])).toThrow('cut off');
  });

  it('counts what it passes on, before it does', () => {
    const most = (mostBytes: number) => new TarFraming({ mostBytes });
    expect(() => through(most(700), tarOf(a, a), [])).toThrow('larger than the limit');
    expect(through(most(1400), tarOf(a, a), [])).toEqual(tarOf(a, a));
    const terabytes = rawEntry({ name: 's', size: 8 ** 11 - 1 });
    expect(() => [...most(1400).push(terabytes)]).toThrow('larger than the limit');
    const ofOthers = new TarFraming({ mostBytes: 0, keeps: () => false });
    expect(through(ofOthers, tarOf(a), [])).toEqual(END);
  });

  it('refuses what goes on behind its end, and two sizes for one entry', () => {
    const behind = Buffer.concat([tarOf(a), a]);
    expect(() => through(new TarFraming(), behind, [])).toThrow('follows the end');
    const two = tarOf(pax('size', '512'), { name: 'b', body: 'y' });
    expect(() => through(new TarFraming(), two, [])).toThrow('read in two ways');
  });
});
