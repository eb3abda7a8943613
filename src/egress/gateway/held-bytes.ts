const FIRST_BYTES = 1024;

/** Bytes that came in any number of pieces, in one buffer: many small ones cost no more than one. */
export class HeldBytes {
  #buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view, good until the next `append`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  append(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      const grown = Buffer.alloc(Math.max(FIRST_BYTES, this.#buffer.length * 2, length));
      this.bytes.copy(grown);
      this.#buffer = grown;
    }
    bytes.copy(this.#buffer, this.#length);
    this.#length = length;
  }
}
