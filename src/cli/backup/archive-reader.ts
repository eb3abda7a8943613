import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { extract } from 'tar-stream';

import { CliError } from '../cli-error.js';
import {
  MANIFEST,
  WORKSPACES_FORMAT,
  isDataMember,
  isMember,
  manifestSchema,
  type Manifest,
  type Member,
} from './manifest.js';

const LARGEST_MANIFEST = 512 * 1024 * 1024;
/** Stays free on the disk. */
export const RESERVE_BYTES = 64 * 1024 * 1024;

/** The file is not a backup, or not a whole one. */
export class BackupUnreadable extends Error {}

/** A member while it passes by. */
export interface PassingMember {
  readonly name: string;
  readonly size: number;
  /** To be read once, or a part of it, or not at all. */
  readonly chunks: AsyncIterable<Buffer>;
}

/**
 * Unpacks a backup's data directory into an empty one: regular files of known names alone, each once, and
 * in the end compared with the manifest, workspaces too, which are not written. What it wrote is of no use
 * when it throws.
 *
 * @throws BackupUnreadable
 */
export async function unpack(file: string, directory: string): Promise<Manifest> {
  return readBackup(createReadStream(file), async (member) => {
    if (isDataMember(member.name)) await write(member, directory);
  });
}

/**
 * Reads a backup from its beginning to its end and compares every member with the manifest, which is its
 * last one: what `take` was given before is not known to be right until this resolves. Closes the source.
 *
 * @throws BackupUnreadable, and what `take` throws as a `CliError`
 */
export async function readBackup(
  source: Readable,
  take: (member: PassingMember) => Promise<void>,
): Promise<Manifest> {
  const unzipped = source.pipe(createGunzip());
  const archive = extract();
  source.on('error', (error) => archive.destroy(error));
  unzipped.on('error', (error) => archive.destroy(error));
  unzipped.pipe(archive);
  const found = new Map<string, Member>();
  let manifest: Manifest | null = null;
  try {
    for await (const entry of archive) {
      const { name, type, size } = entry.header;
      if (manifest !== null) throw new BackupUnreadable('something follows its manifest');
      if (type !== 'file') throw new BackupUnreadable(`${quoted(name)} is no plain file`);
      const content = new EntryContent(entry as AsyncIterable<Buffer>);
      if (name === MANIFEST) {
        manifest = await readManifest(content, size);
        continue;
      }
      if (!isMember(name))
        throw new BackupUnreadable(`it holds ${quoted(name)}, which is not ours`);
      if (found.has(name)) throw new BackupUnreadable(`it holds ${name} twice`);
      await take({ name, size, chunks: content.chunks() });
      found.set(name, { name, size, sha256: await content.digest() });
    }
  } catch (error) {
    if (error instanceof BackupUnreadable || error instanceof CliError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (['ENOSPC', 'EIO', 'EDQUOT', 'EACCES', 'ENOENT', 'EISDIR'].includes(code)) throw error;
    throw new BackupUnreadable(`it is damaged or cut short (${message})`, { cause: error });
  } finally {
    source.destroy();
  }
  if (manifest === null) throw new BackupUnreadable('it has no manifest: it is cut short');
  compare(manifest.members, found);
  return manifest;
}

/** Whoever leaves off in the middle of it does not end the archive, as leaving a stream's loop would. */
class EntryContent {
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #hash: Hash = createHash('sha256');
  #reading: Promise<Buffer | null> = Promise.resolve(null);

  /** tar-stream gives Buffers and does not say so. */
  constructor(entry: AsyncIterable<Buffer>) {
    this.#pieces = entry[Symbol.asyncIterator]();
  }

  async *chunks(): AsyncGenerator<Buffer> {
    for (let piece = await this.#next(); piece !== null; piece = await this.#next()) yield piece;
  }

  /** Of all of it, whatever was read before. */
  async digest(): Promise<string> {
    while ((await this.#next()) !== null);
    return this.#hash.digest('hex');
  }

  /** One after another, also where somebody went away while a piece was on its way. */
  #next(): Promise<Buffer | null> {
    const before = this.#reading;
    this.#reading = (async () => {
      await before;
      const next = await this.#pieces.next();
      if (next.done === true) return null;
      this.#hash.update(next.value);
      return next.value;
    })();
    return this.#reading;
  }
}

async function write({ name, size, chunks }: PassingMember, directory: string): Promise<void> {
  await assertRoom(directory, size);
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of chunks) await handle.appendFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function assertRoom(directory: string, size: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (size + RESERVE_BYTES <= bavail * bsize) return;
  throw Object.assign(new Error('the disk of DATA_DIR is too small for it'), { code: 'ENOSPC' });
}

async function readManifest(content: EntryContent, size: number): Promise<Manifest> {
  if (size > LARGEST_MANIFEST) throw new BackupUnreadable('its manifest is too large');
  const pieces: Buffer[] = [];
  for await (const chunk of content.chunks()) pieces.push(chunk);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch (error) {
    throw new BackupUnreadable('its manifest is not JSON', { cause: error });
  }
  const { format } = (json ?? {}) as { format?: unknown };
  if (typeof format === 'number' && format > WORKSPACES_FORMAT) {
    throw new BackupUnreadable('a newer Risoluto wrote it: install that version');
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new BackupUnreadable('its manifest is not one of Risoluto');
}

function compare(listed: readonly Member[], found: ReadonlyMap<string, Member>): void {
  if (listed.length !== found.size) throw new BackupUnreadable('it lacks members of its manifest');
  for (const { name, size, sha256 } of listed) {
    const member = found.get(name);
    if (member?.size !== size || member.sha256 !== sha256) {
      throw new BackupUnreadable(`${name} is not what its manifest says`);
    }
  }
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 200));
}
