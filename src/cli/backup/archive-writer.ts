import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import { pack, type Pack } from 'tar-stream';

import type { Member } from './manifest.js';

type Entry = ReturnType<Pack['entry']>;

/** Writes a tar.gz (mode 0600), one member after another, and remembers what each of them was. */
export class ArchiveWriter {
  readonly members: Member[] = [];
  readonly #pack: Pack = pack();
  readonly #written: Promise<void>;
  /** Fires when the file cannot be written, so that nobody waits for room in it. */
  readonly #failed = new AbortController();

  constructor(private readonly file: string) {
    const target = createWriteStream(file, { flags: 'wx', mode: 0o600 });
    this.#written = pipeline(Readable.from(this.#pack), createGzip({ level: 3 }), target);
    this.#written.catch((error: unknown) => this.#failed.abort(error));
  }

  /** The first `size` bytes of what `chunks` gives. @throws Error when it gives fewer. */
  async add(name: string, size: number, chunks: AsyncIterable<Buffer>): Promise<void> {
    try {
      const sha256 = await this.#add(name, size, chunks);
      this.members.push({ name, size, sha256 });
    } catch (error) {
      throw this.#failed.signal.reason ?? error;
    }
  }

  /** Durable when it resolves. */
  async finish(): Promise<void> {
    this.#pack.finalize();
    await this.#written;
    const handle = await open(this.file, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async #add(name: string, size: number, chunks: AsyncIterable<Buffer>): Promise<string> {
    const { entry, ended } = this.#begin(name, size);
    const hash = createHash('sha256');
    let left = size;
    for await (const chunk of chunks) {
      const piece = chunk.subarray(0, left);
      left -= piece.length;
      hash.update(piece);
      if (!entry.write(piece)) await once(entry, 'drain', { signal: this.#failed.signal });
      if (left === 0) break;
    }
    if (left > 0) throw new Error(`${name} became shorter while it was copied`);
    entry.end(null);
    await ended;
    return hash.digest('hex');
  }

  #begin(name: string, size: number): { entry: Entry; ended: Promise<void> } {
    const header = { name, size, mode: 0o600, type: 'file' } as const;
    const made: { entry?: Entry } = {};
    const ended = new Promise<void>((resolve, reject) => {
      made.entry = this.#pack.entry(header, (error) => (error ? reject(error) : resolve()));
    });
    ended.catch(() => undefined);
    return { entry: made.entry as Entry, ended };
  }
}
