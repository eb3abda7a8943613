/** Calls `onStall` once when nothing was heard for so long; never where the time is 0. */
export class StallWatch {
  #timer: NodeJS.Timeout | null = null;
  #state: 'waiting' | 'watching' | 'over' = 'waiting';
  #holds = 0;

  constructor(
    private readonly limitMs: number,
    private readonly onStall: () => void,
  ) {}

  start(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'watching';
    this.#arm();
  }

  heard(): void {
    this.#arm();
  }

  /** The time does not count until the answer is called; then it begins anew. */
  hold(): () => void {
    this.#holds += 1;
    this.#arm();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds -= 1;
      this.#arm();
    };
  }

  stop(): void {
    this.#state = 'over';
    this.#arm();
  }

  #arm(): void {
    const counts = this.#state === 'watching' && this.#holds === 0 && this.limitMs > 0;
    if (counts && this.#timer !== null) return void this.#timer.refresh();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = counts ? setTimeout(() => this.onStall(), this.limitMs) : null;
  }
}
