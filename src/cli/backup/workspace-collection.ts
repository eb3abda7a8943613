import { createReadStream } from 'node:fs';
import { open, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';

import { RESERVE_BYTES } from './archive-reader.js';
import type { ArchiveWriter } from './archive-writer.js';
import { workspaceName, type WorkspacesPart } from './manifest.js';
import type { Missed, WorkspaceSource } from './workspace-source.js';

/** Between two rounds over those that are in use. */
const PAUSE_MS = 500;
/** Between two looks at the room on the disk. */
const LOOK_BYTES = 16 * 1024 * 1024;

/**
 * Adds every workspace of the service as a member, one at a time, by way of the file `staged`. Those in use
 * are asked for again and again for as long as the source waits; what did not come then is in the answer.
 *
 * @throws CliError where none would come, and the system's error where the disk has no room
 */
export async function collectWorkspaces(
  source: WorkspaceSource,
  writer: ArchiveWriter,
  staged: string,
): Promise<WorkspacesPart> {
  const part: WorkspacesPart = { stored: 0, leftOut: [] };
  let pending = await source.issues();
  let deadline: number | null = null;
  for (;;) {
    const later: { issue: string; reason: string }[] = [];
    for (const issue of pending) {
      const missed = await addWorkspace(source, writer, { issue, staged });
      if (missed === 'stored') part.stored += 1;
      else if (missed?.transient) later.push({ issue, reason: missed.reason });
      else if (missed !== null) part.leftOut.push({ issue, reason: missed.reason });
    }
    deadline ??= performance.now() + source.waitMs;
    const leftMs = deadline - performance.now();
    if (later.length === 0 || leftMs <= 0) {
      part.leftOut.push(...later);
      part.leftOut.sort((one, other) => (one.issue < other.issue ? -1 : 1));
      return part;
    }
    await sleep(Math.min(PAUSE_MS, leftMs));
    pending = later.map(({ issue }) => issue);
  }
}

async function addWorkspace(
  source: WorkspaceSource,
  writer: ArchiveWriter,
  { issue, staged }: { issue: string; staged: string },
): Promise<Missed | 'stored' | null> {
  try {
    const missed = await fetchWorkspace(source, issue, staged);
    if (missed !== 'fetched') return missed;
    const { size } = await stat(staged);
    await writer.add(workspaceName(issue), size, createReadStream(staged));
    return 'stored';
  } finally {
    await rm(staged, { force: true });
  }
}

async function fetchWorkspace(
  source: WorkspaceSource,
  issue: string,
  staged: string,
): Promise<Missed | 'fetched' | null> {
  let archive: Readable;
  try {
    archive = await source.open(issue);
  } catch (error) {
    return source.missed(error);
  }
  const broken = await store(archive, staged);
  if (broken !== null) return source.missed(broken);
  return (await isWhole(staged)) ? 'fetched' : { reason: 'cut_off', transient: true };
}

/** Answers an error of the archive, and throws one of the disk. */
async function store(archive: Readable, path: string): Promise<Error | null> {
  const handle = await open(path, 'w', 0o600);
  let unseen = LOOK_BYTES;
  try {
    for (const pieces = archive[Symbol.asyncIterator]() as AsyncIterator<Buffer>; ;) {
      let next: IteratorResult<Buffer, unknown>;
      try {
        next = await pieces.next();
      } catch (error) {
        return error as Error;
      }
      if (next.done === true) return null;
      unseen += next.value.length;
      if (unseen >= LOOK_BYTES) {
        unseen = 0;
        await assertRoom(path);
      }
      await handle.appendFile(next.value);
    }
  } finally {
    archive.destroy();
    await handle.close();
  }
}

/** For what comes until the next look, once here and once in the backup. */
async function assertRoom(path: string): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize >= RESERVE_BYTES + 2 * LOOK_BYTES) return;
  throw Object.assign(new Error('the disk of the backup is too small for it'), { code: 'ENOSPC' });
}

/** A proxy in between can end an answer well that its service cut off. */
async function isWhole(path: string): Promise<boolean> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  return pipeline(createReadStream(path), createGunzip(), nowhere).then(
    () => true,
    () => false,
  );
}
