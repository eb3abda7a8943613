const EVERY_MS = 1000;

/** Lets one line of a kind through a second, and counts those that it holds back. */
export class LogSample {
  readonly #kinds = new Map<string, { nextAt: number; leftOut: number }>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** How many of its kind were left out before this one; `null` when this one is left out too. */
  next(kind: string): number | null {
    const state = this.#kinds.get(kind) ?? { nextAt: 0, leftOut: 0 };
    this.#kinds.set(kind, state);
    const now = this.now();
    if (now < state.nextAt) {
      state.leftOut += 1;
      return null;
    }
    const { leftOut } = state;
    state.nextAt = now + EVERY_MS;
    state.leftOut = 0;
    return leftOut;
  }
}
