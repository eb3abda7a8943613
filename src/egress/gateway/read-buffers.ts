const SIZES: readonly number[] = [16 * 1024, 64 * 1024, 256 * 1024];
/** A tunnel whose buffer was filled so often in a row gets a larger one. */
const FULL_BEFORE_GROWTH = 2;
const MOST_GROWN_BYTES = 64 * 1024 * 1024;

/** What all tunnels together hold in buffers above the smallest. */
export class BufferBudget {
  #left = MOST_GROWN_BYTES;

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}

/**
 * The buffer that one socket reads into again and again: small as long as little comes, so that idle
 * tunnels cost little, and large for a stream. A new one for each read would cost more than the copying.
 */
export class ReadBuffer {
  readonly #budget: BufferBudget;
  #size = 0;
  #fullReads = 0;
  #grown = 0;
  #buffer = Buffer.allocUnsafeSlow(SIZES[0] ?? 0);

  constructor(budget: BufferBudget) {
    this.#budget = budget;
  }

  /** What the next read goes into. */
  get current(): Buffer {
    return this.#buffer;
  }

  /** After so many bytes were read: `current` may be another one now. */
  filled(bytes: number): void {
    this.#fullReads = bytes === this.#buffer.length ? this.#fullReads + 1 : 0;
    const next = SIZES[this.#size + 1];
    if (this.#fullReads < FULL_BEFORE_GROWTH || next === undefined) return;
    this.#fullReads = 0;
    const more = next - this.#buffer.length;
    if (!this.#budget.take(more)) return;
    this.#grown += more;
    this.#size += 1;
    this.#buffer = Buffer.allocUnsafeSlow(next);
  }

  /** When nothing more is read. */
  release(): void {
    this.#budget.giveBack(this.#grown);
    this.#grown = 0;
  }
}
