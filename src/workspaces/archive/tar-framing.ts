import { Transform } from 'node:stream';

import { ArchiveRefused } from './archive-refused.js';
import { EntryMeta } from './entry-meta.js';
import { BLOCK, padded, readHeader, withSize, type TarHeader } from './tar-header.js';

const MOST_META_BYTES = 64 * 1024;
const MOST_METAS = 4;
/** Writers fill up to a record of 10 KiB, or to what their tape had. */
const MOST_TAIL_BYTES = 1024 * 1024;
const META_TYPES = 'xgLKX';
/** Of the first GNU tar; readers take it for different things. */
const OLD_NAMES = 'N';

export interface FramingOptions {
  /** Whether entries of a type are passed on; all, unless told. */
  keeps?: (type: string) => boolean;
  onDropped?: () => void;
  /** Of the files that are passed on, together. */
  mostBytes?: number;
  /** Hears of each that is passed on. */
  onEntry?: (entry: { type: string; name: string; size: number }) => void;
}

/**
 * Follows the blocks of a tar stream, whatever they mean, and passes on the entries whose type is
 * kept. The headers that go before an entry (long names, pax) come in one piece with it, bounded;
 * what is cut off or goes on behind its end is refused, and what two readers may read in two ways.
 * Names stay the bytes that they are.
 */
export class TarFraming {
  #part: Buffer[] = [];
  #partBytes = 0;
  #wanted = BLOCK;
  #metaHeader: TarHeader | null = null;
  #metas = 0;
  #meta = new EntryMeta();
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
    if (this.#metaHeader !== null) return this.#addMeta(this.#metaHeader, bytes);
    if (isZero(bytes)) {
      if (this.#metas > 0) throw new ArchiveRefused('cut_off');
      this.#ended = true;
      return;
    }
    const header = readHeader(bytes);
    if (META_TYPES.includes(header.type)) return this.#beginMeta(header);
    const meta = this.#meta;
    this.#meta = new EntryMeta();
    this.#metas = 0;
    const { type } = header;
    const size = meta.sizeBeside(header.size);
    const name = meta.path ?? header.name;
    // Once a directory was a file whose name ends so; who knows that takes its size for 0.
    const isDirectory = type === '0' && (meta.path ?? header.field).endsWith('/');
    if (size > 0 && (isDirectory || '123456'.includes(type))) {
      throw new ArchiveRefused('header_invalid');
    }
    if (type === OLD_NAMES) throw new ArchiveRefused('type_not_taken', name);
    this.#bodyBytes = padded(size);
    const kept = this.options.keeps?.(type === '7' ? '0' : type) ?? true;
    this.#dropsBody = !kept;
    if (!kept) return this.options.onDropped?.();
    this.#keptBytes += size;
    if (this.#keptBytes > (this.options.mostBytes ?? Infinity)) {
      throw new ArchiveRefused('too_large');
    }
    this.options.onEntry?.({ type: isDirectory ? '5' : type, name, size });
    yield Buffer.concat([...meta.bytes(), size === header.size ? bytes : withSize(bytes, size)]);
  }

  #beginMeta(header: TarHeader): void {
    this.#metas += 1;
    if (header.size > MOST_META_BYTES || this.#metas > MOST_METAS) {
      throw new ArchiveRefused('name_too_long');
    }
    if (header.size === 0) return;
    this.#metaHeader = header;
    this.#wanted = padded(header.size);
  }

  #addMeta({ type, size }: TarHeader, body: Buffer): void {
    this.#metaHeader = null;
    this.#wanted = BLOCK;
    this.#meta.add(type, body.subarray(0, size));
  }

  #tail(bytes: Buffer): void {
    this.#tailBytes += bytes.length;
    if (!isZero(bytes) || this.#tailBytes > MOST_TAIL_BYTES) {
      throw new ArchiveRefused('trailing_data');
    }
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
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
