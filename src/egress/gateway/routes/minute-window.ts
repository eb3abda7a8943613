import type { Clock } from '../../../kernel/clock.js';

const MINUTE_MS = 60_000;

/** So many in any 60 seconds, wherever these begin. Holds a number for each of them. */
export class MinuteWindow {
  readonly #clock: Clock;
  /** When each was taken, oldest first; those before `#from` are over. */
  #times: number[] = [];
  #from = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether one could be taken; the limit may change from call to call. */
  take(most: number): boolean {
    const now = this.#clock.monotonicMs();
    while (this.#from < this.#times.length && this.#time(this.#from) <= now - MINUTE_MS) {
      this.#from += 1;
    }
    if (this.#times.length - this.#from >= most) return false;
    if (this.#from > 1024 && this.#from > this.#times.length / 2) {
      this.#times = this.#times.slice(this.#from);
      this.#from = 0;
    }
    this.#times.push(now);
    return true;
  }

  /** Whole seconds, at least one, until one can be taken again. */
  secondsUntilNext(most: number): number {
    const at = this.#time(Math.max(this.#from, this.#times.length - most));
    return Math.max(1, Math.ceil((at + MINUTE_MS - this.#clock.monotonicMs()) / 1000));
  }

  #time(at: number): number {
    return this.#times[at] ?? Number.NEGATIVE_INFINITY;
  }
}
