import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';

import { Header } from 'tar';
import { afterAll, describe, expect, it } from 'vitest';

import { tarGz, type RawEntry } from '../../../test/workspaces/tar-bytes.js';
import { unpackArchive } from './unpack-archive.js';

const into = mkdtempSync(join(tmpdir(), 'risoluto-unpack-'));
afterAll(() => rmSync(into, { recursive: true, force: true }));

/** What this process holds open below the directory, unlinked or not. */
function heldOpen(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(into) ? [path] : [];
    } catch {
      return [];
    }
  });
}

/** A file of which less comes than its header says. */
function begunFile(bytes: number): Buffer {
  const block = Buffer.alloc(512);
  new Header({ path: 'begun', mode: 0o644, size: 2 * bytes, type: 'File' }).encode(block, 0);
  return gzipSync(Buffer.concat([block, Buffer.alloc(bytes, 'x')])).subarray(0, -8);
}

const LIMITS = { bytes: 1e9, entries: 10 };

describe('an archive that breaks off inside a file', () => {
  it('leaves no file open', async () => {
    const source = new PassThrough();
    const unpacked = unpackArchive(source, { into, limits: LIMITS });
    const refused = expect(unpacked).rejects.toThrow('gone');
    source.write(begunFile(64 * 1024));
    await expect.poll(heldOpen).toHaveLength(1);
    source.destroy(new Error('gone'));
    await refused;
    expect(heldOpen()).toEqual([]);
  });

  it('leaves no file open where nobody was reading the file just then', async () => {
    const source = new PassThrough();
    const onWritten = async () => {
      const closed = once(source, 'close');
      source.destroy(new Error('gone'));
      await expect(closed).rejects.toThrow('gone');
    };
    const unpacked = unpackArchive(source, {
      into: mkdtempSync(join(into, 'other-')),
      limits: LIMITS,
      onWritten,
    });
    source.write(begunFile(32 * 1024 * 1024));
    await expect(unpacked).rejects.toThrow('gone');
    expect(heldOpen()).toEqual([]);
  });
});

it('has given the last file its mode when it resolves', async () => {
  const inside = mkdtempSync(join(into, 'whole-'));
  const source = Readable.from([tarGz({ name: 'last', body: 'x', mode: 0o755 })]);
  await unpackArchive(source, { into: inside, limits: LIMITS });
  expect(statSync(join(inside, 'last')).mode).toBe(0o100755);
});

describe('a name that is another one to the file system', () => {
  // As README and readme are where case makes no difference: something is there already.
  it.each<[string, ...RawEntry[]]>([
    ['a directory', { name: 'alias/', type: '5' }, { name: 'alias/in', body: 'x' }],
    ['a directory on the way', { name: 'alias/in', body: 'x' }],
    ['a file', { name: 'alias', body: 'x' }],
    ['a link', { name: 'alias', type: '2', link: 'a' }],
    ['a hard link', { name: 'a', body: 'x' }, { name: 'alias', type: '1', link: 'a' }],
  ])('is refused for %s, and nothing is written through a link', async (_what, ...entries) => {
    const outside = mkdtempSync(join(into, 'outside-'));
    const inside = mkdtempSync(join(into, 'inside-'));
    symlinkSync(outside, join(inside, 'alias'));
    const source = Readable.from([tarGz(...entries)]);
    await expect(unpackArchive(source, { into: inside, limits: LIMITS })).rejects.toMatchObject({
      reason: 'duplicate',
    });
    expect(readdirSync(outside)).toEqual([]);
    expect(readlinkSync(join(inside, 'alias'))).toBe(outside);
  });
});
