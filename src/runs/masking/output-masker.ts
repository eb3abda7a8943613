import { maskedForms } from './masked-forms.js';
import { PatternAutomaton } from './pattern-automaton.js';

const MASK = Buffer.from('***');
const NEWLINE = 10;
const RETURN = 13;
/** After fewer bytes than this a line break ends a wrapped form: else most lines would be held back. */
const LEAST_BEFORE_BREAK = 4;

/** What is looked for; large for large values, so the streams of a run share one. */
export class MaskPatterns {
  readonly exact: PatternAutomaton;
  readonly wrapped: PatternAutomaton;
  readonly none: boolean;
  /** No value, in any of its forms, is longer. */
  readonly longest: number;

  constructor(values: readonly string[]) {
    const forms = values.map(maskedForms);
    this.exact = new PatternAutomaton(forms.flatMap((form) => form.exact));
    this.wrapped = new PatternAutomaton(forms.flatMap((form) => form.wrapped));
    this.none = values.length === 0;
    const lengths = forms.flatMap(({ exact, wrapped }) => [
      ...exact.map(({ length }) => length),
      // With line breaks in it, at most one for four of its own.
      ...wrapped.map(({ length }) => 2 * length),
    ]);
    this.longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  }
}

/**
 * Replaces every form of the given values in a stream of bytes by `***`, however the stream is cut
 * into reads: the result depends on the bytes alone. What may be the beginning of a value is held
 * back until it is decided; `end` gives the rest. One masker a stream.
 */
export class OutputMasker {
  readonly #exact: PatternAutomaton;
  readonly #wrapped: PatternAutomaton;
  readonly #idle: boolean;
  #exactState = 0;
  #wrappedState = 0;
  /** Offsets in the stream of the bytes that `#wrappedState` stands for. */
  #wrappedAt: number[] = [];
  /** Bytes not yet given out; the first has the offset `#offset` in the stream. */
  #pending: Buffer = Buffer.alloc(0);
  #offset = 0;
  /** Found values as [start, end) offsets, in order, not overlapping. */
  #found: { start: number; end: number }[] = [];

  /**
   * `from`: what stands before this offset was given out by an earlier masker of the stream. It has
   * to be pushed again, since values are found by what stands before them too, but is not given out.
   */
  constructor(
    { exact, wrapped, none }: MaskPatterns,
    private readonly from = 0,
  ) {
    this.#exact = exact;
    this.#wrapped = wrapped;
    this.#idle = none;
  }

  /** How many bytes of the stream have been given out. Never inside of a value. */
  get offset(): number {
    return this.#offset;
  }

  /** The bytes that are now known to be clean or were masked. */
  push(chunk: Buffer): Buffer {
    if (this.#idle) return this.#pass(chunk);
    const start = this.#offset + this.#pending.length;
    let at = start;
    for (const byte of chunk) {
      this.#read(byte, at);
      at += 1;
    }
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    return this.#release(this.#decided(start + chunk.length));
  }

  /** What was held back; the stream is over, so no value can begin in it any more. */
  end(): Buffer {
    const rest = this.#release(this.#offset + this.#pending.length);
    this.#exactState = 0;
    this.#wrappedState = 0;
    this.#wrappedAt = [];
    return rest;
  }

  #pass(chunk: Buffer): Buffer {
    const known = Math.max(0, this.from - this.#offset);
    this.#offset += chunk.length;
    return known === 0 ? chunk : chunk.subarray(known);
  }

  #read(byte: number, at: number): void {
    this.#exactState = this.#exact.next(this.#exactState, byte);
    const exact = this.#exact.matched(this.#exactState);
    if (exact > 0) this.#mark(at + 1 - exact, at + 1);

    const depth = this.#wrapped.depth(this.#wrappedState);
    if ((byte === NEWLINE || byte === RETURN) && depth >= LEAST_BEFORE_BREAK) return;
    this.#wrappedState = this.#wrapped.next(this.#wrappedState, byte);
    const held = this.#wrapped.depth(this.#wrappedState);
    if (held === 0) {
      if (this.#wrappedAt.length > 0) this.#wrappedAt = [];
      return;
    }
    this.#wrappedAt.push(at);
    const surplus = this.#wrappedAt.length - held;
    // Cutting off the front costs its length, so it is done seldom.
    if (surplus > 4096 + held) this.#wrappedAt = this.#wrappedAt.slice(surplus);
    const wrapped = this.#wrapped.matched(this.#wrappedState);
    if (wrapped > 0) this.#mark(this.#wrappedAt.at(-wrapped) ?? at, at + 1);
  }

  #mark(start: number, end: number): void {
    let from = start;
    for (let last = this.#found.at(-1); last && last.end > from; last = this.#found.at(-1)) {
      from = Math.min(from, last.start);
      this.#found.pop();
    }
    this.#found.push({ start: Math.max(from, this.#offset), end });
  }

  /** Up to where no later byte can change what is masked. */
  #decided(end: number): number {
    const exact = end - this.#exact.depth(this.#exactState);
    const depth = this.#wrapped.depth(this.#wrappedState);
    const wrapped = depth === 0 ? end : (this.#wrappedAt.at(-depth) ?? this.#offset);
    const decided = Math.min(exact, wrapped);
    const across = this.#found.find((found) => found.start < decided && found.end > decided);
    return across?.start ?? decided;
  }

  #release(end: number): Buffer {
    const pieces: Buffer[] = [];
    let at = Math.max(this.#offset, this.from);
    const released = this.#found.filter((found) => found.end <= end);
    this.#found.splice(0, released.length);
    for (const found of released) {
      if (found.end <= at) continue;
      if (found.start > at) pieces.push(this.#slice(at, found.start));
      pieces.push(MASK);
      at = found.end;
    }
    if (end > at) pieces.push(this.#slice(at, end));
    this.#pending = this.#pending.subarray(end - this.#offset);
    this.#offset = end;
    return Buffer.concat(pieces);
  }

  #slice(start: number, end: number): Buffer {
    return this.#pending.subarray(start - this.#offset, end - this.#offset);
  }
}
