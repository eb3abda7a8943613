/** Time, so that tests can move it. */
export abstract class Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z; may jump when the system's clock is set. */
  abstract now(): number;

  /** Milliseconds since an arbitrary moment; never goes back. For measuring and for deadlines. */
  abstract monotonicMs(): number;
}

export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }
}
