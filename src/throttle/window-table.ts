import { webcrypto } from 'node:crypto';

import type { AddressKey } from './address-key.js';

const WORDS = 4;
const HIGH = 0;
const LOW = 1;
const EXPIRES = 2;
const HITS = 3;

const BUCKET_SLOTS = 8;
/** Expiry is kept in these, so that 32 bits last for thirteen years of running. */
const TICK_MS = 100;
const MOST_HITS = 0xffff_ffff;

export interface WindowState {
  /** Requests in the window, this one among them. */
  readonly hits: number;
  /** Until the window ends. */
  readonly remainingMs: number;
  /** The table was full: the window is the one that all newcomers share. */
  readonly shared: boolean;
}

/**
 * Counts requests in fixed windows that begin with a client's first request. The memory is a fixed
 * number of slots of 16 bytes, reserved once. A key has two buckets of eight slots by two keyed
 * hashes, so that every operation looks at sixteen slots at most. A slot is reused only when its
 * window is over; where both buckets are full of living windows the newcomer counts against one
 * shared window, and nobody's count is forgotten.
 */
export class WindowTable {
  readonly #words: Uint32Array;
  readonly #bucketMask: number;
  readonly #seeds = webcrypto.getRandomValues(new Uint32Array(4));
  readonly #windowTicks: number;
  readonly #startMs: number;
  #sharedExpires = 0;
  #sharedHits = 0;

  /** `slots` is a power of two, at least sixteen; `now` never goes back. */
  constructor(
    slots: number,
    windowMs: number,
    private readonly now: () => number,
  ) {
    if (slots < 2 * BUCKET_SLOTS || (slots & (slots - 1)) !== 0) {
      throw new RangeError('slots must be a power of two, at least 16');
    }
    this.#words = new Uint32Array(slots * WORDS);
    this.#bucketMask = slots / BUCKET_SLOTS - 1;
    this.#windowTicks = Math.ceil(windowMs / TICK_MS);
    this.#startMs = now();
  }

  hit(key: AddressKey): WindowState {
    const elapsedMs = this.now() - this.#startMs;
    // Ticks begin at one: an expiry of zero is a slot that was never used.
    const tick = Math.floor(elapsedMs / TICK_MS) + 1;
    const first = this.#hash(key, 0) & this.#bucketMask;
    const second = this.#hash(key, 2) & this.#bucketMask;
    const one = first * BUCKET_SLOTS * WORDS;
    const two = (second === first ? first ^ 1 : second) * BUCKET_SLOTS * WORDS;
    const slot =
      this.#find(one, key, tick) ?? this.#find(two, key, tick) ?? this.#claim(one, two, key, tick);
    if (slot === null) return this.#hitShared(tick, elapsedMs);
    const hits = this.#words[slot + HITS] ?? 0;
    if (hits < MOST_HITS) this.#words[slot + HITS] = hits + 1;
    return this.#state(hits + 1, this.#words[slot + EXPIRES] ?? 0, elapsedMs, false);
  }

  #find(bucket: number, key: AddressKey, tick: number): number | null {
    const words = this.#words;
    for (let slot = bucket; slot < bucket + BUCKET_SLOTS * WORDS; slot += WORDS) {
      const same = words[slot + LOW] === key.low && words[slot + HIGH] === key.high;
      if (same && (words[slot + EXPIRES] ?? 0) > tick) return slot;
    }
    return null;
  }

  /** A slot in the emptier bucket, which is what keeps both from filling up. */
  #claim(one: number, two: number, key: AddressKey, tick: number): number | null {
    const words = this.#words;
    const bucket = this.#free(one, tick) >= this.#free(two, tick) ? one : two;
    for (let slot = bucket; slot < bucket + BUCKET_SLOTS * WORDS; slot += WORDS) {
      if ((words[slot + EXPIRES] ?? 0) > tick) continue;
      words[slot + HIGH] = key.high;
      words[slot + LOW] = key.low;
      words[slot + EXPIRES] = tick + this.#windowTicks;
      words[slot + HITS] = 0;
      return slot;
    }
    return null;
  }

  #free(bucket: number, tick: number): number {
    let free = 0;
    for (let slot = bucket; slot < bucket + BUCKET_SLOTS * WORDS; slot += WORDS) {
      if ((this.#words[slot + EXPIRES] ?? 0) <= tick) free += 1;
    }
    return free;
  }

  #hitShared(tick: number, elapsedMs: number): WindowState {
    if (this.#sharedExpires <= tick) {
      this.#sharedExpires = tick + this.#windowTicks;
      this.#sharedHits = 0;
    }
    this.#sharedHits += 1;
    return this.#state(this.#sharedHits, this.#sharedExpires, elapsedMs, true);
  }

  #state(hits: number, expires: number, elapsedMs: number, shared: boolean): WindowState {
    return { hits, remainingMs: Math.max(0, (expires - 1) * TICK_MS - elapsedMs), shared };
  }

  /** A murmur3 finish over both halves, keyed, so that nobody outside can aim at a bucket. */
  #hash(key: AddressKey, seed: number): number {
    let hash = Math.imul(key.high ^ (this.#seeds[seed] ?? 0), 0xcc9e_2d51);
    hash = (hash << 15) | (hash >>> 17);
    hash = Math.imul(hash ^ key.low ^ (this.#seeds[seed + 1] ?? 0), 0x1b87_3593);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    return hash ^ (hash >>> 16);
  }
}
