import { constants } from 'node:fs';
import { lstat, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a path of ours should be, for whom. */
export interface FileRule {
  readonly path: string;
  /** Permission bits that it must not have. */
  readonly forbidden: number;
  /** A link in its place is followed by others on purpose (a mounted secret); never by us. */
  readonly mayBeLink: boolean;
}

export interface FileFact extends FileRule {
  /** Permission bits, of the target of a link. */
  readonly mode: number;
  readonly uid: number;
  readonly link: boolean;
}

const OTHERS = 0o077;
const WORLD_WRITE = 0o002;
/** What may lie in the data directory and belong to others: a run's output, its resolvers. */
const PRIVATE_FILE = /^(risoluto\.db(-wal|-shm)?|lock|instance-id|audit\..*|secrets\..*)$/;

/** The rules for everything that holds a secret or decides about one. */
export async function fileRules(paths: {
  dataDir: string;
  configFile: string | null;
  masterKeyFile: string | null;
  previousMasterKeyFile?: string | null;
}): Promise<FileRule[]> {
  const names = await readdir(paths.dataDir).catch(() => []);
  const privateFiles = names.filter((name) => PRIVATE_FILE.test(name)).sort();
  return [
    rule(paths.dataDir, OTHERS, true),
    ...privateFiles.map((name) => rule(join(paths.dataDir, name), OTHERS)),
    ...[paths.masterKeyFile, paths.previousMasterKeyFile ?? null]
      .filter((file) => file !== null)
      .map((file) => rule(file, OTHERS, true)),
    ...(paths.configFile === null ? [] : [rule(paths.configFile, WORLD_WRITE, true)]),
  ];
}

function rule(path: string, forbidden: number, mayBeLink = false): FileRule {
  return { path, forbidden, mayBeLink };
}

/** Those of the paths that exist, as they are. */
export async function readFacts(rules: readonly FileRule[]): Promise<FileFact[]> {
  const facts = await Promise.all(
    rules.map(async (one) => {
      try {
        const own = await lstat(one.path);
        const link = own.isSymbolicLink();
        const { mode, uid } = link ? await stat(one.path) : own;
        return { ...one, mode: mode & 0o7777, uid, link };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    }),
  );
  return facts.filter((fact) => fact !== null);
}

/**
 * Takes the forbidden bits away from a file or directory itself, never from what a link leads to.
 * @throws an `ELOOP` error for a link, `EMLINK` for a file with other names, `EPERM` where it is
 *   another user's.
 */
export async function takeBits(path: string, forbidden: number): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    // A second name of a file that may be anybody's; a directory counts those in it.
    if (found.nlink > 1 && !found.isDirectory()) throw manyNames();
    await handle.chmod(found.mode & 0o7777 & ~forbidden);
  } finally {
    await handle.close();
  }
}

function manyNames(): NodeJS.ErrnoException {
  return Object.assign(new Error('the file has other names'), { code: 'EMLINK' });
}
