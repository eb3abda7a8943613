import { Clock } from '../../src/kernel/clock.js';

/** Stands at `ms`, in milliseconds, until a test sets it. */
export class SetClock extends Clock {
  constructor(public ms = 0) {
    super();
  }

  now(): number {
    return this.ms;
  }

  monotonicMs(): number {
    return this.ms;
  }
}
