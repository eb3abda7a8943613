import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  entriesOf,
  replaced,
  resealed,
  saysTheSame,
  writeArchive,
  type ArchiveEntry,
} from '../../../test/backup/archives.js';
import { newId } from '../../kernel/ids.js';
import { BackupUnreadable, unpack } from './archive-reader.js';
import { ArchiveWriter } from './archive-writer.js';
import { outputName, type Manifest } from './manifest.js';

const root = mkdtempSync(join(tmpdir(), 'risoluto-unpack-'));
const file = join(root, 'backup.tar.gz');
const OUTPUT = outputName(newId());
const CONTENTS: Record<string, Buffer> = {
  'risoluto.db': Buffer.alloc(300_000, 'd'),
  'audit.key': Buffer.from('k'.repeat(64)),
  'audit.head': Buffer.alloc(0),
  [OUTPUT]: Buffer.from('{"seq":1}\n'),
};
let entries: ArchiveEntry[];
let count = 0;

beforeAll(async () => {
  const writer = new ArchiveWriter(file);
  for (const [name, content] of Object.entries(CONTENTS)) {
    // More than it says, as of a file that grew meanwhile.
    await writer.add(name, content.length, Readable.from([content, Buffer.from('more')]));
  }
  const manifest: Manifest = {
    format: 1,
    version: '0.7.0',
    createdAt: '2026-11-23T12:00:00.000Z',
    instanceId: '0'.repeat(16),
    schema: '',
    runs: { finished: 1, unfinished: 0, withOutput: 1 },
    members: [...writer.members],
  };
  const text = Buffer.from(JSON.stringify(manifest));
  await writer.add('manifest.json', text.length, Readable.from([text]));
  await writer.finish();
  entries = await entriesOf(file);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function unpacked(archive: string): { directory: string; manifest: Promise<Manifest> } {
  const directory = join(root, `at-${++count}`, 'place');
  mkdirSync(directory, { recursive: true });
  return { directory, manifest: unpack(archive, directory) };
}

const text = (content: string) => Buffer.from(content);
const more = (name: string, header: Partial<ArchiveEntry['header']> = {}) => ({
  header: { name, ...header },
  content: text(header.type === undefined ? 'x' : ''),
});

const WITH_WORKSPACES = { format: 2, workspaces: { stored: 2, leftOut: [] } };

describe('a backup', () => {
  it('gives back what was written, readable by its owner alone', async () => {
    const { directory, manifest } = unpacked(file);
    expect((await manifest).members).toHaveLength(4);
    for (const [name, content] of Object.entries(CONTENTS)) {
      expect(readFileSync(join(directory, name)).equals(content), name).toBe(true);
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    }
    const sha256 = createHash('sha256')
      .update(CONTENTS['risoluto.db'] ?? '')
      .digest('hex');
    expect((await manifest).members[0]).toEqual({ name: 'risoluto.db', size: 300_000, sha256 });
  });

  it('compares workspaces, and writes none of them to the disk', async () => {
    const archive = join(root, 'workspaces.tar.gz');
    const all = [more('workspaces/MT-1.tar.gz'), more('workspaces/a.b-C_9.tar.gz'), ...entries];
    await writeArchive(archive, resealed(all, WITH_WORKSPACES));
    const { directory, manifest } = unpacked(archive);
    expect(await manifest).toMatchObject({ format: 2, workspaces: { stored: 2 } });
    expect(readdirSync(directory).sort()).toEqual(
      ['audit.head', 'audit.key', 'output', 'risoluto.db'].sort(),
    );
    const changed = replaced(await entriesOf(archive), 'workspaces/MT-1.tar.gz', () => text('y'));
    await writeArchive(archive, changed);
    await expect(unpacked(archive).manifest).rejects.toThrow(/MT-1.tar.gz is not what its/);
  });

  it('refuses a member that is shorter than it was said to be', async () => {
    const writer = new ArchiveWriter(join(root, 'short.tar.gz'));
    await expect(writer.add('audit.key', 10, Readable.from([text('short')]))).rejects.toThrow(
      /became shorter/,
    );
  });

  it.each<[string, (all: ArchiveEntry[]) => ArchiveEntry[], RegExp]>([
    ['an absolute name', (all) => [more(join(root, 'outside')), ...all], /not ours/],
    ['a name that leaves', (all) => [more('../x'), ...all], /not ours/],
    ['a name that leaves further in', (all) => [more('output/../../x'), ...all], /not ours/],
    ['a name with a NUL', (all) => [more('audit.key\0x'), ...all], /not ours|damaged|twice/],
    ['another instance’s id', (all) => [more('instance-id'), ...all], /not ours/],
    [
      'a link',
      (all) => [more('output', { type: 'symlink', linkname: '/tmp' }), ...all],
      /no plain file/,
    ],
    [
      'a hard link',
      (all) => [more('secrets.enc', { type: 'link', linkname: '/etc/passwd' }), ...all],
      /no plain file/,
    ],
    [
      'a device',
      (all) => [more('secrets.enc', { type: 'character-device' }), ...all],
      /no plain file/,
    ],
    ['a directory', (all) => [more('output', { type: 'directory' }), ...all], /no plain file/],
    ['a member twice', (all) => [...all.slice(0, 1), ...all], /twice/],
    ['what its manifest does not name', (all) => [more('secrets.enc'), ...all], /lacks members/],
    ['less than its manifest names', (all) => all.slice(1), /lacks members/],
    [
      'something behind its manifest',
      (all) => [...all, more('secrets.enc')],
      /follows its manifest/,
    ],
    ['no manifest', (all) => all.slice(0, -1), /no manifest/],
    ['a newer format', (all) => resealed(all, { format: 3 }), /newer Risoluto/],
    [
      'workspaces that its format does not know',
      (all) => resealed([more('workspaces/MT-1.tar.gz'), ...all]),
      /not one of/,
    ],
    [
      'a workspace of no issue',
      (all) => resealed([more('workspaces/../x.tar.gz'), ...all], WITH_WORKSPACES),
      /not ours/,
    ],
    ['another manifest', (all) => resealed(all, { members: [{ name: '../x' }] }), /not one of/],
    [
      'a manifest that is no JSON',
      (all) => replaced(all, 'manifest.json', () => text('{')),
      /not JSON/,
    ],
    [
      'other content',
      (all) => replaced(all, 'audit.key', () => text('x'.repeat(64))),
      /not what its/,
    ],
  ])('is refused with %s', async (_what, change, why) => {
    const archive = join(root, 'changed.tar.gz');
    await writeArchive(archive, entries);
    await expect(unpacked(archive).manifest).resolves.toBeDefined();
    await writeArchive(archive, change(entries));
    const { directory, manifest } = unpacked(archive);
    await expect(manifest).rejects.toThrow(BackupUnreadable);
    await expect(manifest).rejects.toThrow(why);
    expect(readdirSync(join(directory, '..'))).toEqual(['place']);
    expect(existsSync(join(root, 'outside'))).toBe(false);
  });

  it('is refused when it was cut short anywhere, or a byte of it changed', async () => {
    const whole = readFileSync(file);
    const archive = join(root, 'broken.tar.gz');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 10),
        fc.integer({ min: 1, max: 255 }),
        async (at, mask) => {
          writeFileSync(archive, whole.subarray(0, at));
          await expect(unpacked(archive).manifest).rejects.toThrow(BackupUnreadable);
          const changed = Buffer.from(whole);
          changed[at] = (changed[at] ?? 0) ^ mask;
          if (saysTheSame(changed, whole)) return;
          writeFileSync(archive, changed);
          await expect(unpacked(archive).manifest).rejects.toThrow(BackupUnreadable);
        },
      ),
      { numRuns: 40 },
    );
  });
});
