import type { Clock } from '../../../kernel/clock.js';

const MINUTE_MS = 60_000;

/** So many in a minute, all at once if need be, and then as they come back. */
export class RequestRate {
  readonly #clock: Clock;
  #tokens = Number.POSITIVE_INFINITY;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.monotonicMs();
  }

  /** 0 where one more may be made, else the whole seconds until then; the rate may change. */
  take(perMinute: number): number {
    const now = this.#clock.monotonicMs();
    const earned = ((now - this.#at) / MINUTE_MS) * perMinute;
    this.#tokens = Math.min(perMinute, this.#tokens + earned);
    this.#at = now;
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) / perMinute) * 60);
    this.#tokens -= 1;
    return 0;
  }
}
