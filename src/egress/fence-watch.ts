/** Calls `look` again and again while it is wanted; the next look starts `intervalMs` after the last one ended. */
export class FenceWatch {
  readonly #look: () => Promise<unknown>;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | null = null;
  #wanted = false;

  constructor(look: () => Promise<unknown>, intervalMs: number) {
    this.#look = look;
    this.#intervalMs = intervalMs;
  }

  want(wanted: boolean): void {
    this.#wanted = wanted;
    if (wanted) this.#schedule();
    else this.#stop();
  }

  #schedule(): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => void this.#tick(), this.#intervalMs);
    this.#timer.unref();
  }

  #stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #tick(): Promise<void> {
    try {
      await this.#look();
    } catch {
      // Whoever looks reports for itself; the watch goes on.
    }
    this.#timer = null;
    if (this.#wanted) this.#schedule();
  }
}
