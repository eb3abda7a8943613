import { mkdir, mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises';
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

const MOST_ENTRIES = 1_000_000;

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
      limits: { bytes: Number.MAX_SAFE_INTEGER, entries: MOST_ENTRIES },
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
    const { message } = error as Error;
    const what =
      error instanceof ArchiveRefused ? `the archive is not unpacked: ${message}` : message;
    throw new CliError(EXIT.transferFailed, `--download: ${what}`, {
      code: 'download_failed',
      cause: error,
    });
  }
}

function wrong(message: string): CliError {
  return new CliError(EXIT.usage, message, { code: 'usage' });
}
