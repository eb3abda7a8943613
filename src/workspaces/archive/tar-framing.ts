import { Transform } from 'node:stream';

import { ArchiveRefused } from './archive-refused.js';

const BLOCK = 512;
const MOST_META_BYTES = 64 * 1024;
const MOST_METAS = 4;
/** Writers fill up to a record of 10 KiB, or to what their tape had. */
const MOST_TAIL_BYTES = 1024 * 1024;
const META_TYPES = 'xgLKXN';
const OF_FILES = '0\x007';
const SPARSE = /(^|\n)\d+ GNU\.sparse/;
const SIZE = /(?:^|\n)\d+ size=(\d+)\n/g;

export interface FramingOptions {
  /** Whether entries of a type are passed on; all, unless told. */
  keeps?: (type: string) => boolean;
  onDropped?: () => void;
  /** Of the files that are passed on, together. */
  mostBytes?: number;
}

/**
 * Follows the blocks of a tar stream, whatever they mean, and passes on the entries whose type is
 * kept. The headers that go before an entry (long names, pax) come in one piece with it, bounded;
 * what is cut off or goes on behind its end is refused. Names stay the bytes that they are.
 */
export class TarFraming {
  #part: Buffer[] = [];
  #partBytes = 0;
  #wanted = BLOCK;
  #meta: Buffer | null = null;
  #metas: Buffer[] = [];
  /** That the headers before an entry tell for it. */
  #sizes: number[] = [];
  #bodyBytes = 0;
  #dropsBody = false;
  #tailBytes = 0;
  #ended = false;

  #keptBytes = 0;

  constructor(private readonly options: FramingOptions = {}) {}

  /** @throws ArchiveRefused */
  *push(chunk: Buffer): Generator<Buffer> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#ended) return this.#tail(chunk.subarray(at));
      if (this.#bodyBytes > 0) {
        const piece = chunk.subarray(at, at + this.#bodyBytes);
        this.#bodyBytes -= piece.length;
        at += piece.length;
        if (!this.#dropsBody) yield piece;
        continue;
      }
      const piece = chunk.subarray(at, at + this.#wanted - this.#partBytes);
      this.#part.push(piece);
      this.#partBytes += piece.length;
      at += piece.length;
      if (this.#partBytes === this.#wanted) yield* this.#whole(Buffer.concat(this.#part));
    }
  }

  /** The end marker. @throws ArchiveRefused where the stream did not come to its own. */
  end(): Buffer {
    if (!this.#ended || this.#tailBytes % BLOCK !== 0) throw new ArchiveRefused('cut_off');
    return Buffer.alloc(2 * BLOCK);
  }

  *#whole(bytes: Buffer): Generator<Buffer> {
    this.#part = [];
    this.#partBytes = 0;
    if (this.#meta !== null) return this.#addMeta(this.#meta, bytes);
    if (isZero(bytes)) {
      if (this.#metas.length > 0) throw new ArchiveRefused('cut_off');
      this.#ended = true;
      return;
    }
    const type = String.fromCharCode(bytes[156] ?? 0);
    const size = sizeOf(bytes);
    if (META_TYPES.includes(type)) return this.#beginMeta(bytes, size);
    if (size > 0 && '123456'.includes(type)) throw new ArchiveRefused('not_an_archive');
    // Another size than the header's would let two readers see two archives.
    if (this.#sizes.some((told) => told !== size)) {
      throw new ArchiveRefused('type_not_taken', 'a file of 8 GiB or more');
    }
    this.#sizes = [];
    const kept = this.options.keeps?.(OF_FILES.includes(type) ? '0' : type) ?? true;
    if (kept && (this.#keptBytes += size) > (this.options.mostBytes ?? Infinity)) {
      throw new ArchiveRefused('too_large');
    }
    this.#dropsBody = !kept;
    this.#bodyBytes = padded(size);
    const metas = this.#metas;
    this.#metas = [];
    if (kept) yield Buffer.concat([...metas, bytes]);
    else this.options.onDropped?.();
  }

  #beginMeta(header: Buffer, size: number): void {
    if (size > MOST_META_BYTES || this.#metas.length >= MOST_METAS) {
      throw new ArchiveRefused('name_too_long');
    }
    if (size === 0) return;
    this.#meta = header;
    this.#wanted = padded(size);
  }

  #addMeta(header: Buffer, body: Buffer): void {
    const text = body.toString('latin1', 0, sizeOf(header));
    if ('xgX'.includes(String.fromCharCode(header[156] ?? 0))) {
      if (SPARSE.test(text)) throw new ArchiveRefused('type_not_taken', 'a sparse file');
      for (const [, size] of text.matchAll(SIZE)) this.#sizes.push(Number(size));
    }
    this.#metas.push(Buffer.concat([header, body]));
    this.#meta = null;
    this.#wanted = BLOCK;
  }

  #tail(bytes: Buffer): void {
    this.#tailBytes += bytes.length;
    if (!isZero(bytes) || this.#tailBytes > MOST_TAIL_BYTES) {
      throw new ArchiveRefused('trailing_data');
    }
  }
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Octal text, or GNU's base 256 where the first bit is set. */
function sizeOf(header: Buffer): number {
  const field = header.subarray(124, 136);
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const size = Number(BigInt(`0x${field.subarray(1).toString('hex')}`));
    if (field[0] === 0x80 && Number.isSafeInteger(size)) return size;
    throw new ArchiveRefused('not_an_archive');
  }
  const text = field
    .toString('latin1')
    .replace(/^ +/, '')
    .replace(/[\0 ].*$/s, '');
  if (!/^[0-7]*$/.test(text)) throw new ArchiveRefused('not_an_archive');
  return text === '' ? 0 : Number.parseInt(text, 8);
}

export function throughFraming(framing: TarFraming): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        for (const piece of framing.push(chunk)) this.push(piece);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        done(null, framing.end());
      } catch (error) {
        done(error as Error);
      }
    },
  });
}
