import { lchown, lstat, mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { controlUnavailable } from './control-unavailable.js';

/** What of a workspace becomes a mount of its own. Host paths, none of them through a link. */
export interface WorkspaceLayout {
  /** Real directories below the workspace, by their path inside the sandbox. */
  roots: readonly { source: string; target: string }[];
  /** Null: `.git` is no real directory. */
  git: { hooks: boolean; config: boolean } | null;
}

/**
 * Looks at a workspace that no container has mounted, without following any link in it.
 * Throws `control_unavailable` when a writable root is missing, no directory, or reached by a link.
 */
export async function readWorkspaceLayout(
  workspaceDir: string,
  writableRoots: readonly string[],
): Promise<WorkspaceLayout> {
  if ((await kindOf(workspaceDir)) !== 'directory') {
    throw controlUnavailable('workspace', 'the workspace is not a directory');
  }
  const roots = [];
  for (const target of writableRoots) roots.push(await resolveRoot(workspaceDir, target));
  if ((await kindOf(join(workspaceDir, '.git'))) !== 'directory') return { roots, git: null };
  const [hooks, config] = await Promise.all([
    kindOf(join(workspaceDir, '.git', 'hooks')),
    kindOf(join(workspaceDir, '.git', 'config')),
  ]);
  return { roots, git: { hooks: hooks === 'directory', config: config === 'file' } };
}

async function resolveRoot(workspaceDir: string, target: string) {
  let source = workspaceDir;
  for (const component of target.split('/').slice(2)) {
    source = join(source, component);
    const kind = component === '..' || component === '.' ? 'other' : await kindOf(source);
    if (kind === 'directory') continue;
    throw controlUnavailable(
      'policy.turnSandboxPolicy.writableRoots',
      `${target} must be a directory of the workspace, with no link on its way`,
    );
  }
  return { source, target };
}

type Kind = 'directory' | 'file' | 'other' | 'missing';

async function kindOf(path: string): Promise<Kind> {
  try {
    const stats = await lstat(path);
    if (stats.isDirectory()) return 'directory';
    return stats.isFile() ? 'file' : 'other';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'missing';
    if (code === 'ENOTDIR' || code === 'ELOOP') return 'other';
    // What cannot be looked at cannot be protected: to guess here would be to fail open.
    throw controlUnavailable(
      'workspace',
      'the service may not look at it; let it be read by the service’s user, or run that as root',
      error,
    );
  }
}

/**
 * Makes the place of the Codex tmpfs in a HOME that no container has mounted. An earlier run owned
 * HOME, so what is there under that name may be a link to anywhere; one is taken away, not followed.
 * Throws `control_unavailable` when a link cannot be taken away.
 */
export async function prepareHome(
  homeDir: string,
  owner: { uid: number; gid: number },
): Promise<void> {
  const place = join(homeDir, '.codex-runtime');
  const kind = await kindOf(place);
  if (kind === 'directory') return;
  try {
    if (kind !== 'missing') await unlink(place);
    await mkdir(place, { mode: 0o700 });
    if (process.geteuid?.() === 0) await lchown(place, owner.uid, owner.gid);
  } catch (error) {
    // Where HOME is not ours to write, the engine makes a missing directory itself.
    if (kind === 'missing') return;
    throw controlUnavailable('home', 'the build cache holds a link in place of a directory', error);
  }
}
