import { OutputMasker, type MaskPatterns } from '../masking/output-masker.js';

/** Where a stream is taken up again. Offsets are bytes as the command printed them. */
export interface ChannelStart {
  /** What stands before it has become text already. */
  known: number;
  /** The offset of the first byte that will be pushed. */
  first: number;
}

/** One stream of a command on its way from bytes to masked text, however the bytes are cut. */
export class OutputChannel {
  readonly #masker: OutputMasker;
  readonly #first: number;
  #pushed = 0;
  /** The beginning of a character whose end is still to come. */
  #held: Buffer = Buffer.alloc(0);

  constructor(patterns: MaskPatterns, { known, first }: ChannelStart) {
    this.#masker = new OutputMasker(patterns, known - first);
    this.#first = first;
  }

  /** Up to where the stream has become text: a new channel that knows it goes on exactly there. */
  get offset(): number {
    return this.#first + this.#masker.offset - this.#held.length;
  }

  /** How many bytes at the end of what was pushed have not become text yet. */
  get unsettled(): number {
    return this.#first + this.#pushed - this.offset;
  }

  /** The text that is decided now. Bytes that are not UTF-8 are U+FFFD. */
  push(bytes: Buffer): string {
    this.#pushed += bytes.length;
    return this.#decode(this.#masker.push(bytes));
  }

  /** What was held back; the stream is over. */
  end(): string {
    const text = this.#decode(this.#masker.end()) + this.#held.toString('utf8');
    this.#held = Buffer.alloc(0);
    return text;
  }

  #decode(bytes: Buffer): string {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const whole = all.length - openCharacter(all);
    this.#held = Buffer.from(all.subarray(whole));
    return all.toString('utf8', 0, whole);
  }
}

/** How many bytes at the end may be the beginning of a character. */
function openCharacter(bytes: Buffer): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count += 1) {
    const byte = bytes[bytes.length - count] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return lengthOf(byte) > count ? count : 0;
  }
  return 0;
}

/** Of the character that begins with this byte. */
function lengthOf(lead: number): number {
  if (lead >= 0xf0) return lead <= 0xf4 ? 4 : 1;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc2 ? 2 : 1;
}
