/** What became of a line that is typed: goes on, is whole, was given up, or cannot be one value. */
export type LineState = 'typing' | 'done' | 'cancelled' | 'several_lines' | 'control_character';

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const CTRL_U = 0x15;
const SPACE = 0x20;
const DELETE = 0x7f;

/**
 * A line typed at a terminal in raw mode, byte by byte. Keys that mean something else than a
 * character (arrows, tabulator) are no part of a value that nobody sees, so they spoil it.
 */
export class HiddenLine {
  #bytes: number[] = [];
  #state: LineState = 'typing';

  get state(): LineState {
    return this.#state;
  }

  get bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }

  feed(chunk: Uint8Array): LineState {
    for (const byte of chunk) this.#key(byte);
    return this.#state;
  }

  #key(byte: number): void {
    if (this.#state === 'done') this.#state = 'several_lines';
    if (this.#state !== 'typing') return;
    if (byte === RETURN || byte === LINE_FEED) this.#state = 'done';
    else if (byte === CTRL_C) this.#state = 'cancelled';
    else if (byte === CTRL_D) this.#state = this.#bytes.length === 0 ? 'cancelled' : 'done';
    else if (byte === BACKSPACE || byte === DELETE) this.#eraseCharacter();
    else if (byte === CTRL_U) this.#bytes = [];
    else if (byte < SPACE) this.#state = 'control_character';
    else this.#bytes.push(byte);
  }

  #eraseCharacter(): void {
    while (isContinuation(this.#bytes.at(-1))) this.#bytes.pop();
    this.#bytes.pop();
  }
}

/** A byte of a UTF-8 character that is not its first. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
