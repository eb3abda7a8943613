const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** A line, or how long it was where it was too long to be held. */
export type SplitLine = { readonly text: string } | { readonly tooLongBytes: number };

/**
 * Cuts bytes into lines, however they are cut into reads. Holds one line, and of one that is longer
 * than the limit nothing: it is dropped as a whole, and told.
 */
export class LineSplitter {
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** The line that was given out last is still to be followed by its break. */
  #breakDue = false;

  constructor(private readonly mostBytes: number) {}

  /** The lines that end in these bytes, without their breaks. */
  *push(bytes: Buffer): Generator<SplitLine> {
    if (bytes.length === 0) return;
    let from = this.#breakDue && bytes[0] === NEWLINE ? 1 : 0;
    this.#breakDue = false;
    for (let at = bytes.indexOf(NEWLINE, from); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      this.#hold(bytes.subarray(from, at));
      from = at + 1;
      yield this.#take();
    }
    this.#hold(bytes.subarray(from));
  }

  /** The line that is held is over; its break comes later. */
  *over(): Generator<SplitLine> {
    if (this.#heldBytes === 0) return;
    yield this.#take();
    this.#breakDue = true;
  }

  /** What was printed last without a line break. */
  *end(): Generator<SplitLine> {
    if (this.#heldBytes > 0) yield this.#take();
  }

  /** Something is missing here: what is held is half a line. */
  drop(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#breakDue = false;
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.mostBytes) this.#held = [];
    // A copy: the read that it came in is much larger than a line, and would live as long.
    else this.#held.push(Buffer.from(bytes));
  }

  #take(): SplitLine {
    const bytes = Buffer.concat(this.#held);
    const length = this.#heldBytes;
    this.drop();
    if (length > this.mostBytes) return { tooLongBytes: length };
    const end = bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length;
    return { text: bytes.toString('utf8', 0, end) };
  }
}
