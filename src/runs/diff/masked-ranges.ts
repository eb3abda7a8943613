import { setImmediate } from 'node:timers/promises';

import type { MaskPatterns } from '../masking/output-masker.js';

/** [start, end) offsets. */
export interface ByteRange {
  start: number;
  end: number;
}

const LINE_FEED = 10;
const RETURN = 13;
/** As the masker of output: fewer bytes before a line break are no wrapped form. */
const LEAST_BEFORE_BREAK = 4;
/** About two milliseconds of work, after which others have their turn. */
const SLICE_BYTES = 64 * 1024;

/** Where values stand in the bytes, in any form that is masked, in the order of their ends. */
export async function maskedRanges(
  { exact, wrapped }: MaskPatterns,
  bytes: Buffer,
): Promise<ByteRange[]> {
  const found: ByteRange[] = [];
  let exactState = 0;
  let wrappedState = 0;
  let wrappedAt: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    if (at % SLICE_BYTES === SLICE_BYTES - 1) await setImmediate();
    const byte = bytes[at] ?? 0;
    exactState = exact.next(exactState, byte);
    const length = exact.matched(exactState);
    if (length > 0) found.push({ start: at + 1 - length, end: at + 1 });

    const depth = wrapped.depth(wrappedState);
    if ((byte === LINE_FEED || byte === RETURN) && depth >= LEAST_BEFORE_BREAK) continue;
    wrappedState = wrapped.next(wrappedState, byte);
    const held = wrapped.depth(wrappedState);
    if (held === 0) {
      if (wrappedAt.length > 0) wrappedAt = [];
      continue;
    }
    wrappedAt.push(at);
    if (wrappedAt.length > 4096 + 2 * held) wrappedAt = wrappedAt.slice(-held);
    const ended = wrapped.matched(wrappedState);
    if (ended > 0) found.push({ start: wrappedAt.at(-ended) ?? at, end: at + 1 });
  }
  return found;
}
