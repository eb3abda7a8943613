import type { Clock } from '../../kernel/clock.js';

/** So many a second, and as many at once as two seconds give. */
export class TokenBucket {
  readonly #clock: Clock;
  #tokens = Number.POSITIVE_INFINITY;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.monotonicMs();
  }

  /** Whether one could be taken; the rate may change from call to call. */
  take(perSecond: number): boolean {
    const now = this.#clock.monotonicMs();
    const earned = ((now - this.#at) / 1000) * perSecond;
    this.#tokens = Math.min(2 * perSecond, this.#tokens + earned);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
