import { acknowledgement } from './frame.js';

/**
 * Cuts the acknowledgement line from the head of standard output, however it is split. What begins
 * otherwise is passed on untouched, and counts as not acknowledged.
 */
export class AcknowledgementFilter {
  readonly #line: Buffer;
  #held: Buffer = Buffer.alloc(0);
  #state: 'waiting' | 'acknowledged' | 'absent' = 'waiting';

  constructor(nonce: string) {
    this.#line = acknowledgement(nonce);
  }

  get acknowledged(): boolean {
    return this.#state === 'acknowledged';
  }

  /** True while standard output may yet turn out to begin with the line. */
  get undecided(): boolean {
    return this.#state === 'waiting';
  }

  /** What of these bytes of standard output is the command's. */
  push(bytes: Buffer): Buffer {
    if (this.#state !== 'waiting') return bytes;
    const head = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const compared = Math.min(head.length, this.#line.length);
    if (!head.subarray(0, compared).equals(this.#line.subarray(0, compared))) {
      this.#state = 'absent';
      this.#held = Buffer.alloc(0);
      return head;
    }
    if (head.length < this.#line.length) {
      this.#held = head;
      return Buffer.alloc(0);
    }
    this.#state = 'acknowledged';
    this.#held = Buffer.alloc(0);
    return head.subarray(this.#line.length);
  }

  /** What was held back when the output ended. */
  finish(): Buffer {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    if (this.#state === 'waiting') this.#state = 'absent';
    return held;
  }
}
