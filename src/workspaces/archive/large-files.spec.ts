import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';

import { create, Parser, type ReadEntry } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { pax, rawEntry } from '../../../test/workspaces/tar-bytes.js';
import { TarFraming } from './tar-framing.js';
import { unpackArchive } from './unpack-archive.js';

const GiB = 1024 ** 3;
const SIZE = 9 * GiB + 1;
/** All headers and the first of the file. */
const BEGINNING_BYTES = 8192;

const scratch = mkdtempSync(join(tmpdir(), 'risoluto-large-'));
beforeAll(() => {
  writeFileSync(join(scratch, 'big'), '');
  // A hole: nothing of it is on the disk.
  truncateSync(join(scratch, 'big'), SIZE);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function beginningOf(format: string): Buffer {
  const script = `tar --create --format=${format} --directory=${scratch} big | head -c ${BEGINNING_BYTES}`;
  return execFileSync('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
}

async function beginningOfUpload(): Promise<Buffer> {
  const packed = create({ cwd: scratch, portable: true, strict: true }, ['big']);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of packed as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if ((bytes += chunk.length) >= BEGINNING_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, BEGINNING_BYTES);
}

/** The size that the frame tells, and the one that the library sees in what the frame passes on. */
function sizesIn(beginning: Buffer): { told: number; parsed: number } {
  let told = 0;
  let parsed = 0;
  const framing = new TarFraming({ onEntry: ({ size }) => (told = size) });
  const parser = new Parser({ strict: true });
  parser.on('error', (error: unknown) => {
    throw error as Error;
  });
  parser.on('entry', (entry: ReadEntry) => {
    parsed = entry.size;
    entry.resume();
  });
  for (const piece of framing.push(beginning)) parser.write(piece);
  return { told, parsed };
}

describe('a file of more than 8 GiB', () => {
  it.each<[string, () => Buffer | Promise<Buffer>]>([
    ['the helper’s tar', () => beginningOf('gnu')],
    ['a pax archiver', () => beginningOf('pax')],
    ['risoluto run --upload', beginningOfUpload],
    ['a pax archiver with a header full of sevens', () => withTold(8 ** 11 - 1)],
  ])('has its size, as %s tells it', async (_who, beginning) => {
    expect(sizesIn(await beginning())).toEqual({ told: SIZE, parsed: SIZE });
  });

  it.each([1, 8 ** 11 - 2])('is refused where its header tells %d', (size) => {
    expect(() => sizesIn(withTold(size))).toThrow('read in two ways');
  });

  it.each([
    [100 * GiB, 'cut_off'],
    [9 * GiB, 'too_large'],
  ])('is unpacked up to the limit: %d bytes, %s', async (bytes, reason) => {
    const into = mkdtempSync(join(scratch, 'into-'));
    const source = Readable.from([gzipSync(beginningOf('gnu'))]);
    await expect(
      unpackArchive(source, { into, limits: { bytes, entries: 10 } }),
    ).rejects.toMatchObject({ reason });
  });
});

function withTold(size: number): Buffer {
  return Buffer.concat([pax('size', String(SIZE)), rawEntry({ name: 'big', size })]);
}
