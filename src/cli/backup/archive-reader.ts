import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';

import { extract } from 'tar-stream';

import { MANIFEST, isMember, manifestSchema, type Manifest, type Member } from './manifest.js';

const LARGEST_MANIFEST = 512 * 1024 * 1024;
/** Stays free on the disk. */
const RESERVE_BYTES = 64 * 1024 * 1024;

/** tar-stream gives Buffers and does not say so. */
type Chunks = AsyncIterable<Buffer>;

/** The file is not a backup, or not a whole one. */
export class BackupUnreadable extends Error {}

/**
 * Unpacks a backup into an empty directory: regular files of known names alone, each once, and in the
 * end compared with the manifest. What it wrote is of no use when it throws.
 *
 * @throws BackupUnreadable
 */
export async function unpack(file: string, directory: string): Promise<Manifest> {
  const source = createReadStream(file);
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
      if (name === MANIFEST) manifest = await readManifest(entry as Chunks, size);
      else found.set(name, await write(entry as Chunks, { name, size, found }, directory));
    }
  } catch (error) {
    if (error instanceof BackupUnreadable) throw error;
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

async function write(
  chunks: Chunks,
  { name, size, found }: { name: string; size: number; found: ReadonlyMap<string, Member> },
  directory: string,
): Promise<Member> {
  if (!isMember(name)) throw new BackupUnreadable(`it holds ${quoted(name)}, which is not ours`);
  if (found.has(name)) throw new BackupUnreadable(`it holds ${name} twice`);
  await assertRoom(directory, size);
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of chunks) {
      hash.update(chunk);
      await handle.appendFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { name, size, sha256: hash.digest('hex') };
}

async function assertRoom(directory: string, size: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (size + RESERVE_BYTES <= bavail * bsize) return;
  throw Object.assign(new Error('the disk of DATA_DIR is too small for it'), { code: 'ENOSPC' });
}

async function readManifest(chunks: Chunks, size: number): Promise<Manifest> {
  if (size > LARGEST_MANIFEST) throw new BackupUnreadable('its manifest is too large');
  const pieces: Buffer[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch (error) {
    throw new BackupUnreadable('its manifest is not JSON', { cause: error });
  }
  const { format } = (json ?? {}) as { format?: unknown };
  if (typeof format === 'number' && format > 1) {
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
