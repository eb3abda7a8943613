import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';

import { Header } from 'tar';
import { afterAll, describe, expect, it } from 'vitest';

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
function begunFile(): Buffer {
  const block = Buffer.alloc(512);
  new Header({ path: 'begun', mode: 0o644, size: 1024 * 1024, type: 'File' }).encode(block, 0);
  return gzipSync(Buffer.concat([block, Buffer.alloc(64 * 1024, 'x')]));
}

describe('an archive that breaks off inside a file', () => {
  it('leaves no file open', async () => {
    const source = new PassThrough();
    const unpacked = unpackArchive(source, { into, limits: { bytes: 1e9, entries: 10 } });
    const refused = expect(unpacked).rejects.toThrow('gone');
    source.write(begunFile().subarray(0, -8));
    await expect.poll(heldOpen).toHaveLength(1);
    source.destroy(new Error('gone'));
    await refused;
    expect(heldOpen()).toEqual([]);
  });
});
