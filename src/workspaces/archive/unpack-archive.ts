import { constants } from 'node:fs';
import { chmod, link, lutimes, mkdir, open, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { callbackify } from 'node:util';
import { createGunzip } from 'node:zlib';

import { Parser, type ReadEntry } from 'tar';

import { ArchiveRefused } from './archive-refused.js';
import { ArchiveTree, type AdmittedEntry, type ArchiveEntry } from './archive-tree.js';
import type { ArchiveLimits } from './archive-tree.js';
import { TarFraming, throughFraming } from './tar-framing.js';

export interface UnpackOptions {
  /** An empty directory that nobody else writes to. */
  into: string;
  limits: ArchiveLimits;
  /** Whether an entry that is refused is passed over; without it the whole archive is refused. */
  passesOver?: (refusal: ArchiveRefused) => boolean;
  /** Called now and then with the bytes written since; may throw to end it. */
  onWritten?: (bytes: number) => Promise<void>;
}

export interface UnpackedArchive {
  entries: number;
  bytes: number;
}

const KINDS: Readonly<Record<string, ArchiveEntry['type']>> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  Directory: 'directory',
  SymbolicLink: 'symlink',
  Link: 'link',
};

const REPORT_BYTES = 16 * 1024 * 1024;

/**
 * Unpacks a tar archive compressed with gzip. What it makes lies below `into`, belongs to this
 * process's user, and has no set-uid bits; nothing is followed, because nothing was there before.
 *
 * @throws ArchiveRefused, with part of it unpacked; and whatever the source or the disk fails with.
 */
export async function unpackArchive(
  source: Readable,
  options: UnpackOptions,
): Promise<UnpackedArchive> {
  const unpacking = new Unpacking(options);
  const gunzip = createGunzip();
  let compressed = 0;
  const counter = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      compressed += chunk.length;
      done(null, chunk);
    },
  });
  try {
    await pipeline(source, counter, gunzip, throughFraming(new TarFraming()), unpacking.sink());
  } catch (error) {
    // The pipeline does not wait for its last stream: nothing may be made after this has failed.
    await unpacking.stop();
    throw asRefusal(error);
  }
  // Node ends at the last member, whatever comes behind it.
  if (gunzip.bytesWritten !== compressed) throw new ArchiveRefused('trailing_data');
  return unpacking.result();
}

class Unpacking {
  readonly #tree: ArchiveTree;
  #unreported = 0;
  #current: ReadEntry | null = null;
  #taken: Promise<void> = Promise.resolve();

  constructor(private readonly options: UnpackOptions) {
    this.#tree = new ArchiveTree(options.limits);
  }

  result(): UnpackedArchive {
    return { entries: this.#tree.entries, bytes: this.#tree.bytes };
  }

  /** The parser hands over one entry, and the next when that has been read to its end. */
  sink(): Writable {
    const parser = new Parser({ strict: true });
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (parser.write(chunk)) done();
        else parser.once('drain', () => done());
      },
      final: (done) => {
        // The parser ends with the last byte: what is done to the last file comes after it.
        parser.once('end', () => callbackify(() => this.#taken)(() => done()));
        parser.end();
      },
      destroy: (error, done) => callbackify(() => this.stop())(() => done(error)),
    });
    const fail = (error: unknown) => sink.destroy(asRefusal(error));
    parser.on('error', fail);
    parser.on('ignoredEntry', (entry: ReadEntry) =>
      fail(new ArchiveRefused('type_not_taken', entry.path)),
    );
    parser.on('entry', (entry: ReadEntry) => {
      this.#current = entry;
      this.#taken = this.#take(entry).catch((error: unknown) => void fail(error));
    });
    return sink;
  }

  /** An entry whose archive broke off never ends by itself, and would keep its file open. */
  async stop(): Promise<void> {
    this.#current?.destroy();
    await this.#taken;
  }

  async #take(entry: ReadEntry): Promise<void> {
    const admitted = this.#admitted(entry);
    try {
      if (admitted !== null) await this.#make(admitted, entry);
    } catch (error) {
      // To this file system two names of the archive are one: whatever is there stays what it is.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new ArchiveRefused('duplicate', entry.path, { cause: error });
    }
    entry.resume();
  }

  #admitted(entry: ReadEntry): AdmittedEntry | null {
    try {
      return this.#tree.admit({
        type: KINDS[entry.type] ?? 'other',
        path: entry.path,
        target: entry.linkpath ?? '',
        size: entry.size,
        mode: entry.mode ?? 0o644,
      });
    } catch (error) {
      const passed = error instanceof ArchiveRefused && this.options.passesOver?.(error) === true;
      if (!passed) throw error;
      return null;
    }
  }

  async #make({ kind, path, target, mode, missing, made }: AdmittedEntry, entry: ReadEntry) {
    const place = this.#at(path);
    for (const directory of missing) await mkdir(this.#at(directory));
    if (kind === 'directory') {
      if (!made) await mkdir(place);
      await chmod(place, mode);
    } else if (kind === 'link') await link(this.#at(target), place);
    else if (kind === 'symlink') {
      await symlink(target, place);
      await setTime(place, entry.mtime);
    } else {
      await this.#write(place, mode, entry);
      await setTime(place, entry.mtime);
    }
  }

  async #write(place: string, mode: number, entry: ReadEntry): Promise<void> {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const file = await open(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      for await (const chunk of chunksOf(entry)) {
        let written = 0;
        while (written < chunk.length) {
          written += (await file.write(chunk, written)).bytesWritten;
        }
        await this.#report(chunk.length);
      }
      await file.chmod(mode);
    } finally {
      await file.close();
    }
  }

  async #report(bytes: number): Promise<void> {
    this.#unreported += bytes;
    if (this.#unreported < REPORT_BYTES) return;
    const written = this.#unreported;
    this.#unreported = 0;
    await this.options.onWritten?.(written);
  }

  #at(path: string): string {
    return join(this.options.into, path);
  }
}

/** The entry's own iterator waits for ever if the entry was destroyed while nobody waited. */
async function* chunksOf(entry: ReadEntry): AsyncIterable<Buffer> {
  const reading = (entry as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  for (;;) {
    if (entry.destroyed) throw new ArchiveRefused('cut_off', entry.path);
    const next = await reading.next();
    if (next.done === true) return;
    yield next.value;
  }
}

async function setTime(place: string, mtime: Date | undefined): Promise<void> {
  const seconds = (mtime?.getTime() ?? Number.NaN) / 1000;
  if (Number.isFinite(seconds)) await lutimes(place, seconds, seconds);
}

/** What the decompressor and the parser say of bytes that are no archive. */
function asRefusal(error: unknown): Error {
  if (error instanceof ArchiveRefused) return error;
  const { code = '', message } = error as NodeJS.ErrnoException & { tarCode?: string };
  if (code === 'Z_BUF_ERROR') return new ArchiveRefused('cut_off', null, { cause: error });
  if (code.startsWith('Z_') || code.startsWith('TAR_') || 'tarCode' in (error as object)) {
    return new ArchiveRefused('not_an_archive', null, { cause: error });
  }
  return error instanceof Error ? error : new Error(message, { cause: error });
}
