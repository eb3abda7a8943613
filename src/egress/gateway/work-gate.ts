/** Lets so many works run at once; the others wait in line. */
export class WorkGate {
  readonly #most: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** A work that takes longer than `inTheWayMs` goes on, and no longer counts. */
  async run<T>(work: () => Promise<T>, inTheWayMs?: number): Promise<T> {
    if (this.#running < this.#most) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let left = false;
    const leave = (): void => {
      if (!left) this.#leave();
      left = true;
    };
    const timer = inTheWayMs === undefined ? undefined : setTimeout(leave, inTheWayMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      leave();
    }
  }

  #leave(): void {
    const next = this.#waiting.shift();
    // Whoever waited has the place at once.
    if (next) next();
    else this.#running -= 1;
  }
}
