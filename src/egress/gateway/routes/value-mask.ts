const STAR = 0x2a;
/** Fewer bytes of a value's beginning tell nothing, and stand at the end of many a text. */
const TELLING_BYTES = 8;

/** The forms of a secret, ready to be looked for. Those that hold another are left out. */
export class MaskForms {
  readonly forms: readonly Buffer[];
  /** By first byte. */
  readonly #begins = new Map<number, Buffer[]>();
  readonly longest: number;

  constructor(forms: readonly Buffer[]) {
    const filled = forms.filter(({ length }) => length > 0);
    this.forms = filled.filter(
      (form, at) =>
        !filled.some((other, index) => index !== at && isInside(other, form, index < at)),
    );
    for (const form of this.forms) {
      const first = form.readUInt8(0);
      this.#begins.set(first, [...(this.#begins.get(first) ?? []), form]);
    }
    this.longest = this.forms.reduce((most, { length }) => Math.max(most, length), 0);
  }

  /** Where the last bytes begin that may become a form; the length where none do. */
  openFrom(bytes: Buffer): number {
    for (let at = Math.max(0, bytes.length - this.longest + 1); at < bytes.length; at += 1) {
      const open = this.#begins.get(bytes.readUInt8(at))?.some((form) => isBegun(form, bytes, at));
      if (open) return at;
    }
    return bytes.length;
  }

  /** All places of all forms. */
  find(bytes: Buffer): { start: number; end: number }[] {
    const found: { start: number; end: number }[] = [];
    for (const form of this.forms) {
      for (let at = bytes.indexOf(form); at >= 0; at = bytes.indexOf(form, at + 1)) {
        found.push({ start: at, end: at + form.length });
      }
    }
    return found;
  }

  /** A short text, all of it at once. */
  masked(text: string): string {
    const bytes = Buffer.from(text, 'latin1');
    const found = this.find(bytes);
    if (found.length === 0) return text;
    for (const { start, end } of found) bytes.fill(STAR, start, end);
    return bytes.toString('latin1');
  }
}

function isInside(inner: Buffer, outer: Buffer, orSame: boolean): boolean {
  if (inner.length === outer.length) return orSame && inner.equals(outer);
  return inner.length < outer.length && outer.includes(inner);
}

function isBegun(form: Buffer, bytes: Buffer, at: number): boolean {
  const length = bytes.length - at;
  return length < form.length && bytes.compare(form, 0, length, at) === 0;
}

/**
 * Puts stars over every form of a secret in a stream of bytes, one for one, so that no length and no
 * framing changes. What may be the beginning of a form is held back until it is decided. One a stream.
 */
export class ValueMask {
  readonly #forms: MaskForms;
  /** The end of the stream so far: what may become a form. */
  #open: Buffer = Buffer.alloc(0);
  /** How many bytes of it were given out, and how many are to be stars whatever comes. */
  #given = 0;
  #starred = 0;

  constructor(forms: MaskForms) {
    this.#forms = forms;
  }

  /** How many bytes are held back. */
  get held(): number {
    return this.#open.length - this.#given;
  }

  /** What is decided; the chunk is written over. */
  push(chunk: Buffer): Buffer {
    if (this.#forms.longest === 0) return chunk;
    const bytes = this.#open.length === 0 ? chunk : Buffer.concat([this.#open, chunk]);
    const openAt = this.#forms.openFrom(bytes);
    const found = this.#forms.find(bytes);
    const open =
      openAt === bytes.length ? bytes.subarray(openAt) : Buffer.from(bytes.subarray(openAt));
    bytes.fill(STAR, 0, this.#starred);
    let starredTo = this.#starred;
    for (const { start, end } of found) {
      bytes.fill(STAR, start, end);
      starredTo = Math.max(starredTo, end);
    }
    const out = bytes.subarray(Math.min(this.#given, openAt), openAt);
    this.#given = Math.max(0, this.#given - openAt);
    this.#starred = Math.max(0, starredTo - openAt);
    this.#open = open;
    return out;
  }

  /** What is held back and too short to tell anything; should a form become of it, the rest is stars. */
  release(): Buffer {
    if (this.#open.length >= TELLING_BYTES) return Buffer.alloc(0);
    const out = this.#rest();
    this.#given = this.#open.length;
    return out;
  }

  /** The rest; the beginning of a form that was cut off is masked as well. */
  end(): Buffer {
    if (this.#open.length >= TELLING_BYTES) this.#starred = this.#open.length;
    const out = this.#rest();
    this.#open = Buffer.alloc(0);
    this.#given = 0;
    this.#starred = 0;
    return out;
  }

  #rest(): Buffer {
    const bytes = Buffer.from(this.#open);
    bytes.fill(STAR, 0, this.#starred);
    return bytes.subarray(this.#given);
  }
}
