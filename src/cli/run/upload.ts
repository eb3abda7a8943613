import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';

import { create } from 'tar';

import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-codes.js';
import type { ServiceClient } from '../service-client.js';

/** @throws CliError `usage` where it is no directory that can be read */
export async function checkUpload(directory: string): Promise<void> {
  try {
    await readdir(directory);
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw new CliError(EXIT.usage, `--upload: ${directory} cannot be read (${code})`, {
      code: 'usage',
    });
  }
}

/**
 * Makes what is in the directory the issue's workspace. Links are sent as links; sockets, FIFOs and
 * devices are left out, and `leftOut` hears of each.
 *
 * @throws CliError, also where a file cannot be read
 */
export async function upload(
  client: ServiceClient,
  issue: string,
  { directory, leftOut, signal }: UploadOptions,
): Promise<void> {
  const packed = create(
    {
      gzip: true,
      cwd: directory,
      portable: true,
      strict: true,
      filter: (path, stat) => {
        const sent = !('isSocket' in stat) || isSent(stat);
        if (!sent) leftOut(path);
        return sent;
      },
    },
    ['.'],
  );
  let unreadable: Error | null = null;
  packed.on('error', (error: unknown) => (unreadable = error as Error));
  const body = Readable.from(packed as AsyncIterable<Buffer>, { objectMode: false });
  try {
    await client.send(`/workspaces/${encodeURIComponent(issue)}/archive`, body, signal);
  } catch (error) {
    if (unreadable === null) throw error;
    throw new CliError(EXIT.transferFailed, `--upload: ${(unreadable as Error).message}`, {
      code: 'upload_failed',
      cause: error,
    });
  }
}

interface UploadOptions {
  directory: string;
  leftOut: (path: string) => void;
  signal: AbortSignal;
}

function isSent(stat: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }) {
  return stat.isFile() || stat.isDirectory() || stat.isSymbolicLink();
}
