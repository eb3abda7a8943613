import { mkdir, mkdtemp, readdir, rename, rm, rmdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { ArchiveRefused } from '../../workspaces/archive/archive-refused.js';
import { unpackArchive } from '../../workspaces/archive/unpack-archive.js';
import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-codes.js';
import type { ServiceClient } from '../service-client.js';

/** What a command may have made that is nothing to keep a job from its other files. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'link_leaves',
  'link_invalid',
  'name_not_utf8',
  'name_too_long',
  'too_deep',
  'below_no_directory',
]);

const GiB = 1024 ** 3;
const MOST_ENTRIES = 1_000_000;
const MOST_BYTES = 100 * GiB;
/** What is left to others of the disk, which is seldom the job's alone. */
const KEPT_FREE = { bytes: GiB, entries: 10_000, share: 0.05 };

/** Makes the directory where it is missing. @throws CliError `usage` unless it is empty */
export async function checkDownload(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    if ((await readdir(directory)).length === 0) return;
  } catch (error) {
    const { code = 'unusable' } = error as NodeJS.ErrnoException;
    throw wrong(`--download: ${directory} cannot be used (${code})`);
  }
  throw wrong(`--download: ${directory} must be empty or missing`);
}

/**
 * Fills the empty directory with the issue's workspace. The archive is a stranger's: nothing of it
 * gets out of the directory, and all of it is there or nothing. Links that lead out and names that
 * cannot be kept are left out, and `leftOut` hears of each.
 *
 * @throws CliError
 */
export async function download(
  client: ServiceClient,
  issue: string,
  { directory, leftOut }: { directory: string; leftOut: (what: string) => void },
): Promise<void> {
  const path = `/workspaces/${encodeURIComponent(issue)}/archive`;
  const archive = await client.stream(path, { headers: { accept: 'application/gzip' } });
  const staged = await mkdtemp(join(directory, '.risoluto-'));
  try {
    await unpackArchive(archive, {
      into: staged,
      limits: await roomIn(staged),
      onWritten: async () => {
        const { bytes } = await roomIn(staged);
        if (bytes === 0) throw new Error(`the disk of ${directory} has too little free space`);
      },
      passesOver: (refusal) => {
        const passed = PASSED_OVER.has(refusal.reason);
        if (passed) leftOut(refusal.message);
        return passed;
      },
    });
    for (const name of await readdir(staged)) {
      await rename(join(staged, name), join(directory, name));
    }
    await rmdir(staged);
  } catch (error) {
    archive.destroy();
    await rm(staged, { recursive: true, force: true }).catch(() => undefined);
    const what = whatFailed(error as Error);
    throw new CliError(EXIT.transferFailed, `--download: ${what}`, {
      code: 'download_failed',
      cause: error,
    });
  }
}

/** What may be written there: some of the disk stays free, whatever a command made. */
async function roomIn(directory: string): Promise<{ bytes: number; entries: number }> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(directory);
  const kept = Math.min(KEPT_FREE.bytes, KEPT_FREE.share * blocks * bsize);
  // Some file systems have no fixed number of files, and tell of none.
  const keptEntries = Math.min(KEPT_FREE.entries, KEPT_FREE.share * files);
  return {
    bytes: Math.min(MOST_BYTES, Math.max(0, Math.floor(bavail * bsize - kept))),
    entries: files === 0 ? MOST_ENTRIES : Math.min(MOST_ENTRIES, Math.max(0, ffree - keptEntries)),
  };
}

function whatFailed(error: Error): string {
  if (!(error instanceof ArchiveRefused)) return error.message;
  const what = `the archive is not unpacked: ${error.message}`;
  if (error.reason !== 'too_large' && error.reason !== 'too_many_entries') return what;
  return `${what}, which is what the disk has room for, 100 GiB and a million files at most`;
}

function wrong(message: string): CliError {
  return new CliError(EXIT.usage, message, { code: 'usage' });
}
