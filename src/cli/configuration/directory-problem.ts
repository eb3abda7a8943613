import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const OTHERS = 0o077;
const STICKY = 0o1000;

/**
 * Why the service, as this user, could not use or make that directory; `null`: it could. Changes
 * nothing.
 */
export async function directoryProblem(
  path: string,
  needs: { private: boolean },
): Promise<string | null> {
  try {
    const kind = await stat(path);
    if (!kind.isDirectory()) return 'must be a directory';
    if (needs.private && (kind.mode & STICKY) !== 0 && (kind.mode & OTHERS) !== 0) {
      return 'must be a directory of its own, not one that other users share';
    }
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') return `cannot be used by this user (${code ?? String(error)})`;
    const parent = dirname(path);
    return parent === path ? 'does not exist' : missingProblem(parent);
  }
}

/** The directory can be made when the nearest one above it can be written. */
async function missingProblem(parent: string): Promise<string | null> {
  const problem = await directoryProblem(parent, { private: false });
  return problem === null
    ? null
    : `does not exist, and cannot be made: a directory above it ${problem}`;
}
