import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';

import { extract, pack, type Header } from 'tar-stream';

export interface ArchiveEntry {
  header: Partial<Header> & { name: string };
  content: Buffer;
}

export async function entriesOf(file: string): Promise<ArchiveEntry[]> {
  const archive = extract();
  Readable.from([gunzipSync(readFileSync(file))]).pipe(archive);
  const entries: ArchiveEntry[] = [];
  for await (const entry of archive) {
    const pieces: Buffer[] = [];
    for await (const piece of entry) pieces.push(piece as Buffer);
    entries.push({ header: entry.header, content: Buffer.concat(pieces) });
  }
  return entries;
}

/** As somebody writes it who has the file in his hands. */
export async function writeArchive(file: string, entries: readonly ArchiveEntry[]): Promise<void> {
  const archive = pack();
  for (const { header, content } of entries) {
    const { name, type = 'file', linkname } = header;
    if (type === 'file') archive.entry({ name, type }, content);
    else archive.entry({ name, type, ...(linkname && { linkname }) });
  }
  archive.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of archive) pieces.push(piece as Buffer);
  writeFileSync(file, gzipSync(Buffer.concat(pieces)));
}

/** The manifest says what the members are, however they were changed; `over` changes it besides. */
export function resealed(
  entries: readonly ArchiveEntry[],
  over: Record<string, unknown> = {},
): ArchiveEntry[] {
  const members = entries.filter(({ header }) => header.name !== 'manifest.json');
  const last = entries.find(({ header }) => header.name === 'manifest.json');
  const manifest = {
    ...(JSON.parse(String(last?.content)) as object),
    members: members.map(({ header, content }) => ({
      name: header.name,
      size: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    })),
    ...over,
  };
  const content = Buffer.from(JSON.stringify(manifest));
  return [...members, { header: { name: 'manifest.json' }, content }];
}

/** One of them with other content. */
export function replaced(
  entries: readonly ArchiveEntry[],
  name: string,
  change: (content: Buffer) => Buffer,
): ArchiveEntry[] {
  return entries.map((entry) =>
    entry.header.name === name ? { ...entry, content: change(entry.content) } : entry,
  );
}

/** Not every bit of gzip says something: of its header, and of the tables of deflate. */
export function saysTheSame(one: Buffer, other: Buffer): boolean {
  try {
    return gunzipSync(one).equals(gunzipSync(other));
  } catch {
    return false;
  }
}
