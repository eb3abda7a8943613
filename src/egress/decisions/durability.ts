/** Somebody waits for a row to be written, but for so long at most. */
export class Durability {
  readonly promise: Promise<void>;
  #over = false;
  #resolve: () => void = () => undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(patienceMs: number) {
    this.promise = new Promise((resolve) => (this.#resolve = resolve));
    this.#timer = setTimeout(() => this.end(), patienceMs);
    this.#timer.unref();
  }

  get over(): boolean {
    return this.#over;
  }

  end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#resolve();
  }
}
