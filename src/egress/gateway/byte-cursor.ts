/** Reads fields one after another; each answer is `null` from where the bytes do not suffice. */
export class ByteCursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Big-endian, of at most six bytes. */
  number(size: number): number | null {
    const field = this.take(size);
    return field === null ? null : field.readUIntBE(0, size);
  }

  take(size: number): Buffer | null {
    if (this.#bytes.length - this.#at < size) return null;
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  /** A length of `size` bytes, and as many bytes as it says. */
  vector(size: number): Buffer | null {
    const length = this.number(size);
    return length === null ? null : this.take(length);
  }
}
