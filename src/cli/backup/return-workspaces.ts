import { open, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-codes.js';
import type { ServiceClient } from '../service-client.js';
import { isTransient } from '../service/service-error.js';
import { BackupUnreadable, readBackup } from './archive-reader.js';
import { BackupRefused } from './backup-refused.js';
import { issueOfMember, type LeftOutWorkspace } from './manifest.js';

const PAUSE_MS = 1000;
const READ_BYTES = 256 * 1024;

export interface ReturnOptions {
  /** Only these; empty: all that are in the backup. */
  readonly issues: readonly string[];
  /** Also where the issue has a workspace, which is gone then. */
  readonly replace: boolean;
  /** How long those that are in use are waited for, all together. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

export interface Returned {
  readonly restored: readonly string[];
  /** The issue has a workspace, which was left alone. */
  readonly kept: readonly string[];
  readonly failed: readonly { issue: string; code: string; message: string }[];
  /** What the backup itself lacks. */
  readonly leftOut: readonly LeftOutWorkspace[];
}

/**
 * Hands the workspaces of a backup to a running service, as uploads. Nothing is sent before the whole file
 * was compared with its manifest. What is in them is hostile: the service unpacks it, or refuses it, and
 * one that is refused keeps no other from its place.
 *
 * @throws BackupUnreadable, BackupRefused, and CliError where the service would take none
 */
export async function returnWorkspaces(
  client: ServiceClient,
  file: string,
  options: ReturnOptions,
): Promise<Returned> {
  const handle = await open(file, 'r');
  try {
    const { stored, leftOut } = await verified(handle);
    const wanted = chosen(stored, options.issues);
    const kept = options.replace ? [] : await existing(client, wanted);
    const sending = wanted.filter((issue) => !kept.includes(issue));
    return { ...(await sendAll(client, handle, sending, options)), kept, leftOut };
  } finally {
    await handle.close();
  }
}

async function verified(
  handle: FileHandle,
): Promise<{ stored: string[]; leftOut: readonly LeftOutWorkspace[] }> {
  const manifest = await readBackup(fromStart(handle), () => Promise.resolve());
  if (manifest.format === 1) {
    throw new BackupRefused('it was made without --workspaces: there are none in it');
  }
  const issues = manifest.members.map(({ name }) => issueOfMember(name));
  const stored = issues.filter((issue) => issue !== null);
  return { stored: stored.toSorted(), leftOut: manifest.workspaces.leftOut };
}

function chosen(stored: readonly string[], asked: readonly string[]): readonly string[] {
  if (asked.length === 0) return stored;
  const missing = asked.filter((issue) => !stored.includes(issue));
  if (missing.length === 0) return [...new Set(asked)].toSorted();
  throw new BackupRefused(`it has no workspace of ${missing.join(', ')}`);
}

async function existing(client: ServiceClient, issues: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const issue of issues) {
    if (await client.exists(pathOf(issue))) found.push(issue);
  }
  return found;
}

/** The file is read from its beginning once, and again for those that were in use. */
async function sendAll(
  client: ServiceClient,
  handle: FileHandle,
  issues: readonly string[],
  { waitMs, signal }: ReturnOptions,
): Promise<Pick<Returned, 'restored' | 'failed'>> {
  const restored: string[] = [];
  const failed: { issue: string; code: string; message: string }[] = [];
  const pending = new Set(issues);
  let deadline: number | null = null;
  while (pending.size > 0) {
    const over = deadline === null ? waitMs === 0 : performance.now() > deadline;
    await readBackup(fromStart(handle), async ({ name, chunks }) => {
      const issue = issueOfMember(name);
      if (issue === null || !pending.has(issue)) return;
      if (signal.aborted) throw interrupted(restored);
      const refusal = await send(client, issue, { chunks, signal });
      if (refusal !== null && isTransient(refusal) && !over) return;
      pending.delete(issue);
      if (refusal === null) restored.push(issue);
      else failed.push({ issue, code: refusal.code, message: refusal.message });
    });
    deadline ??= performance.now() + waitMs;
    if (pending.size > 0) await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) throw interrupted(restored);
  }
  return { restored: restored.toSorted(), failed };
}

/** @throws CliError where the service would take no other either */
async function send(
  client: ServiceClient,
  issue: string,
  { chunks, signal }: { chunks: AsyncIterable<Buffer>; signal: AbortSignal },
): Promise<CliError | null> {
  try {
    await client.send(pathOf(issue), Readable.from(chunks, { objectMode: false }), signal);
    return null;
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === EXIT.unauthorized) throw error;
    if (error.cause instanceof BackupUnreadable) throw error.cause;
    return error;
  }
}

function interrupted(restored: readonly string[]): CliError {
  const done = restored.length === 0 ? 'nothing' : restored.join(', ');
  return new CliError(EXIT.cancelled, `interrupted; ${done} was restored before`, {
    code: 'interrupted',
  });
}

/** A stream of the handle’s own would close it. */
function fromStart(handle: FileHandle): Readable {
  return Readable.from(readAll(handle), { objectMode: false });
}

async function* readAll(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const { bytesRead } = await handle.read({ buffer, position });
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function pathOf(issue: string): string {
  return `/workspaces/${encodeURIComponent(issue)}/archive`;
}
