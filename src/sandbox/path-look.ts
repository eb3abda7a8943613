import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

import { controlUnavailable } from './control-unavailable.js';

/** What stands at a path; a link is `other`, whatever it points to. */
export type Kind = 'directory' | 'file' | 'other' | 'missing';

export interface PathLook {
  kind: Kind;
  /** The same for two paths only when they are two spellings of one file. Empty: missing. */
  id: string;
  /** How many names the file has. */
  names: number;
}

/** A real directory or a regular file below the workspace, with no link on its way. */
export interface SeenPath {
  path: string;
  /** As `PathLook.id`. */
  id: string;
}

const NOTHING: PathLook = { kind: 'missing', id: '', names: 0 };

/**
 * Looks at a path without following a link in its last component.
 * Throws `control_unavailable` when it may not be looked at.
 */
export async function lookAt(path: string): Promise<PathLook> {
  try {
    const stats = await lstat(path, { bigint: true });
    const kind = stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'other';
    return { kind, id: `${stats.dev}:${stats.ino}`, names: Number(stats.nlink) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return NOTHING;
    if (code === 'ENOTDIR' || code === 'ELOOP') return { ...NOTHING, kind: 'other' };
    throw unseen(error);
  }
}

export async function kindOf(path: string): Promise<Kind> {
  return (await lookAt(path)).kind;
}

/**
 * What lies in a real directory, by name; null when that is more than `most`.
 * Throws `control_unavailable` as `lookAt`, and for a name that is no text.
 */
export async function entriesOf(
  directory: string,
  most: number,
): Promise<ReadonlyMap<string, PathLook> | null> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(directory)) {
      names.push(name);
      if (names.length > most) return null;
    }
  } catch (error) {
    throw unseen(error);
  }
  const looks = await Promise.all(names.map((name) => lookAt(join(directory, name))));
  // Nobody changes it meanwhile, so what is missing has a name whose bytes were lost on the way.
  if (looks.some(({ kind }) => kind === 'missing')) throw unseen(new Error('a name is not UTF-8'));
  return new Map(names.map((name, index) => [name, looks[index] ?? NOTHING]));
}

/** What cannot be looked at cannot be protected: to guess would be to fail open. */
function unseen(cause: unknown) {
  return controlUnavailable(
    'workspace',
    'the service may not look at it, or at a name in it; let it be read by the service’s user, or run that as root',
    cause,
  );
}
