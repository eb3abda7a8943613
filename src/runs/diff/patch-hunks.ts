/** What one side of a hunk says, without signs: the lines of a file, each with its line feed. */
export interface Side {
  text: Buffer;
  /** Where each line starts in `text`. */
  starts: number[];
  /** Where the same byte is in the patch. */
  offsets: number[];
}

const LINE_FEED = 10;
const SIGN = { context: 0x20, removed: 0x2d, added: 0x2b } as const;
const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;
/** The numbers of a hunk's head. */
const HEAD_BYTES = 80;

/** The hunks of git's patch, in their order: what was there and what is there. */
export function* hunksOf(patch: Buffer): Generator<[before: Side, after: Side]> {
  let at = 0;
  while (at < patch.length) {
    const end = endOfLine(patch, at);
    const head = HUNK.exec(patch.toString('latin1', at, Math.min(end, at + HEAD_BYTES)));
    at = end;
    if (head === null) continue;
    const hunk = new Hunk(patch);
    at = hunk.read(at, Number(head[1] ?? 1), Number(head[2] ?? 1));
    yield hunk.sides();
  }
}

class Hunk {
  readonly #before = new Lines();
  readonly #after = new Lines();

  constructor(private readonly patch: Buffer) {}

  /** Reads as many lines of each side; answers the offset behind them. */
  read(from: number, before: number, after: number): number {
    let at = from;
    let [old, now] = [before, after];
    while (at < this.patch.length && (old > 0 || now > 0)) {
      const end = endOfLine(this.patch, at);
      const sign = this.patch[at];
      if (sign === SIGN.context || sign === SIGN.removed) {
        this.#before.add(at + 1, end);
        old -= 1;
      }
      if (sign === SIGN.context || sign === SIGN.added) {
        this.#after.add(at + 1, end);
        now -= 1;
      }
      at = end;
    }
    return at;
  }

  sides(): [Side, Side] {
    return [this.#before.of(this.patch), this.#after.of(this.patch)];
  }
}

class Lines {
  readonly #starts: number[] = [];
  readonly #offsets: number[] = [];
  readonly #ends: number[] = [];
  #length = 0;

  add(offset: number, end: number): void {
    this.#starts.push(this.#length);
    this.#offsets.push(offset);
    this.#ends.push(end);
    this.#length += end - offset;
  }

  of(patch: Buffer): Side {
    const text = Buffer.allocUnsafe(this.#length);
    this.#offsets.forEach((offset, line) => {
      patch.copy(text, this.#starts[line], offset, this.#ends[line]);
    });
    return { text, starts: this.#starts, offsets: this.#offsets };
  }
}

/** Behind its line feed. */
function endOfLine(patch: Buffer, from: number): number {
  const feed = patch.indexOf(LINE_FEED, from);
  return feed === -1 ? patch.length : feed + 1;
}
