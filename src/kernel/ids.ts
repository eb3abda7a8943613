import { randomFillSync } from 'node:crypto';

import { decodeTime, encodeTime, monotonicFactory } from 'ulid';

/** Randomness is drawn in batches: one call for each of an id's sixteen characters cost more than the id. */
const POOL = new Uint8Array(4096);
let used = POOL.length;

/** A fraction of 256ths, from 0 to less than 1: each of the 32 characters comes of as many of them. */
function randomFraction(): number {
  if (used === POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  const byte = POOL[used] ?? 0;
  // What made an id must not be found in memory beside those that are still to come.
  POOL[used] = 0;
  used += 1;
  return byte / 256;
}

const next = monotonicFactory(randomFraction);

/** A ULID (https://github.com/ulid/spec): 26 characters that sort by the time they were made. */
export function newId(): string {
  return next();
}

/** No id that was made at this time (milliseconds since 1970) or later sorts before it. */
export function firstIdAt(time: number): string {
  return encodeTime(Math.max(0, time), 10).padEnd(26, '0');
}

/** From now on ids sort behind this one, also where the clock was set back since it was made. */
export function continueAfter(id: string): void {
  next(decodeTime(id) + 1);
}

/** Matches the ids of `newId`, and nothing that needs quoting anywhere. */
export const ID_PATTERN = /^[0-9A-HJKMNP-TV-Z]{26}$/;
