import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Outside the repository, so that a fresh clone finds the image that an earlier one made. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'risoluto');
