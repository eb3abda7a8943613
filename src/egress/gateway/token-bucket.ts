import type { Clock } from '../../kernel/clock.js';

/** So many a second, and a burst of them at once: as many as two seconds give, where nothing else is said. */
export class TokenBucket {
  readonly #clock: Clock;
  #tokens = Number.POSITIVE_INFINITY;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.monotonicMs();
  }

  /** Whether one could be taken; the rate may change from call to call. */
  take(perSecond: number, burst = 2 * perSecond): boolean {
    const now = this.#clock.monotonicMs();
    const earned = ((now - this.#at) / 1000) * perSecond;
    this.#tokens = Math.min(burst, this.#tokens + earned);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whole seconds from the last call of `take` until one can be taken again. */
  secondsUntilNext(perSecond: number): number {
    return Math.max(0, Math.ceil((1 - this.#tokens) / perSecond));
  }
}
