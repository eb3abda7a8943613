const FIRST_MS = 200;
const MOST_MS = 5000;

/** How long somebody keeps trying: from the first failure to the first success after it. */
export class Patience {
  #since: number | null = null;
  #failures = 0;

  constructor(
    private readonly limitMs: number,
    private readonly now: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {}

  succeeded(): void {
    this.#since = null;
    this.#failures = 0;
  }

  /** How many attempts have failed in a row. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * After a failure: milliseconds until the next attempt, or `null` when it is time to give up. Waits
   * double up to five seconds, with jitter between half and all of it, so that clients of a service
   * that comes back do not come all at once. `askedMs`: what the service asked for; never less.
   */
  afterFailure(askedMs: number | null = null): number | null {
    const now = this.now();
    this.#since ??= now;
    const leftMs = this.#since + this.limitMs - now;
    if (leftMs <= 0 || (askedMs ?? 0) > leftMs) return null;
    const most = Math.min(MOST_MS, FIRST_MS * 2 ** this.#failures);
    this.#failures += 1;
    const jittered = most / 2 + (most / 2) * this.random();
    return Math.max(askedMs ?? 0, Math.min(jittered, leftMs));
  }
}
