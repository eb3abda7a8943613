import { setImmediate } from 'node:timers/promises';

import { MaskPatterns, OutputMasker } from '../masking/output-masker.js';
import { maskedRanges, type ByteRange } from './masked-ranges.js';
import { hunksOf, type Side } from './patch-hunks.js';

const MASK = Buffer.from('***');
const SLICE_BYTES = 64 * 1024;

/**
 * The patch without the values, in any of the forms that are masked in output. In a patch every line of
 * a file has a sign before it, which would hide a value of several lines, so each side of a hunk is
 * searched without its signs; its lines stay lines. Then the whole is masked as any output: names of
 * files are in no hunk.
 */
export async function maskPatch(patch: Buffer, values: readonly string[]): Promise<Buffer> {
  const given = [...new Set(values)].filter((value) => value !== '');
  if (given.length === 0) return patch;
  const patterns = new MaskPatterns(given);
  const marks: ByteRange[] = [];
  for (const sides of hunksOf(patch)) {
    for (const side of sides) {
      for (const range of await maskedRanges(patterns, side.text))
        marks.push(...inPatch(side, range));
    }
    await setImmediate();
  }
  return maskWhole(patterns, replaced(patch, marks));
}

/** The parts of the range, one a line and without its line feed, as offsets in the patch. */
function inPatch({ text, starts, offsets }: Side, { start, end }: ByteRange): ByteRange[] {
  const parts: ByteRange[] = [];
  for (let line = lineAt(starts, start); line < starts.length; line++) {
    const first = starts[line] ?? 0;
    if (first >= end) break;
    const last = (starts[line + 1] ?? text.length) - 1;
    const from = Math.max(start, first);
    const to = Math.min(end, last);
    const shift = (offsets[line] ?? 0) - first;
    if (to > from) parts.push({ start: from + shift, end: to + shift });
  }
  return parts;
}

/** The last line that starts at or before the offset. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function replaced(patch: Buffer, marks: ByteRange[]): Buffer {
  marks.sort((one, other) => one.start - other.start);
  const pieces: Buffer[] = [];
  let at = 0;
  let masked = -1;
  for (const { start, end } of marks) {
    if (start > masked) {
      pieces.push(patch.subarray(at, start), MASK);
    }
    masked = Math.max(masked, end);
    at = Math.max(at, masked);
  }
  return Buffer.concat([...pieces, patch.subarray(at)]);
}

async function maskWhole(patterns: MaskPatterns, patch: Buffer): Promise<Buffer> {
  const masker = new OutputMasker(patterns);
  const pieces: Buffer[] = [];
  for (let at = 0; at < patch.length; at += SLICE_BYTES) {
    pieces.push(masker.push(patch.subarray(at, at + SLICE_BYTES)));
    await setImmediate();
  }
  return Buffer.concat([...pieces, masker.end()]);
}
