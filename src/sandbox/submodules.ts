import { join } from 'node:path';

import { type PathLook, type SeenPath, entriesOf, kindOf, lookAt } from './path-look.js';
import { isAtOrBelow } from './policy-narrowing.js';
import { tooMuch } from './repo-refusals.js';

/** Each is several mounts. */
const MOST_REPOSITORIES = 64;
/** A submodule's name may be a path: directories that are only on the way. */
const MOST_DIRECTORIES = 512;
const MOST_ENTRIES = 1024;

/** What git and its helpers have in a repository beside `modules`, with directories in it. */
const INTERNALS = new Set(
  'objects refs logs hooks info worktrees reftable rr-cache lost-found lfs annex svn'.split(' '),
);

/**
 * The repositories of submodules, which git keeps below `modules` under their names, and those of
 * their own submodules; with the directories from `modules` down to each of them, itself included.
 * Throws `control_unavailable` when there are more than can be protected.
 */
export async function findSubmodules(
  workspaceDir: string,
  modules: string,
): Promise<{ repositories: SeenPath[]; ancestors: SeenPath[] }> {
  const repositories: SeenPath[] = [];
  const directories: SeenPath[] = [];
  const { kind, id } = await lookAt(join(workspaceDir, modules));
  const waiting: SeenPath[] = kind === 'directory' ? [{ path: modules, id }] : [];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    directories.push(next);
    const entries = await entriesOf(join(workspaceDir, next.path), MOST_ENTRIES);
    if (entries === null) throw tooMuch(`${MOST_ENTRIES} files beside submodules`);
    // What a sandbox put beside the submodules makes no repository of the place where they all are.
    const isRepository = next.path !== modules && looksLikeRepository(entries);
    if (isRepository) repositories.push(next);
    for (const [name, entry] of entries) {
      const path = `${next.path}/${name}`;
      if (entry.kind !== 'directory') continue;
      if (isRepository && INTERNALS.has(name) && !(await isNamedLikeInternal(workspaceDir, path)))
        continue;
      waiting.push({ path, id: entry.id });
    }
    if (repositories.length > MOST_REPOSITORIES) throw tooMuch(`${MOST_REPOSITORIES} submodules`);
    if (directories.length + waiting.length > MOST_DIRECTORIES) {
      throw tooMuch(`${MOST_DIRECTORIES} directories of submodules`);
    }
  }
  const ancestors = directories.filter(({ path }) =>
    repositories.some((repository) => isAtOrBelow(repository.path, path)),
  );
  return { repositories, ancestors };
}

/** Whether git could take it for a repository, with what is to be protected or without. */
function looksLikeRepository(entries: ReadonlyMap<string, PathLook>): boolean {
  const head = entries.get('HEAD');
  return (
    (head !== undefined && head.kind !== 'directory') || entries.get('config')?.kind === 'file'
  );
}

/** A submodule `libs/logs` beside which something was put that makes `libs` look like a repository. */
async function isNamedLikeInternal(workspaceDir: string, path: string): Promise<boolean> {
  return (await kindOf(join(workspaceDir, path, 'config'))) === 'file';
}
