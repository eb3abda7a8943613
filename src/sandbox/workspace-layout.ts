import { lchown, mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { controlUnavailable } from './control-unavailable.js';
import { type SeenPath, kindOf, lookAt } from './path-look.js';
import type { EffectivePolicy } from './policy.js';
import { type RepoConfig, findRepoConfig } from './repo-config.js';

/** A path of the host, no link on its way below the workspace, and where it is in the sandbox. */
export interface PlacedPath {
  source: string;
  target: string;
}

/** What of a workspace becomes a mount of its own. */
export interface WorkspaceLayout {
  /** Real directories: the policy's writable roots. */
  roots: readonly PlacedPath[];
  /** As `RepoConfig`; neither has anything while nothing is to be protected. */
  held: readonly PlacedPath[];
  sealed: readonly PlacedPath[];
}

type LayoutRules = Pick<EffectivePolicy, 'workspaceAccess' | 'writableRoots' | 'protectRepoConfig'>;

const NOTHING: RepoConfig = { held: [], sealed: [] };
const ROOTS = 'policy.turnSandboxPolicy.writableRoots';

/**
 * Looks at a workspace that no container has mounted, without following any link in it.
 * Throws `control_unavailable` when a writable root is missing, no directory, or reached by a link,
 * and when what `protectRepoConfig` is for cannot be protected.
 */
export async function readWorkspaceLayout(
  workspaceDir: string,
  policy: LayoutRules,
): Promise<WorkspaceLayout> {
  if ((await kindOf(workspaceDir)) !== 'directory') {
    throw controlUnavailable('workspace', 'the workspace is not a directory');
  }
  const ways: SeenPath[][] = [];
  for (const target of policy.writableRoots) ways.push(await wayTo(workspaceDir, target));
  const protects = policy.protectRepoConfig && policy.workspaceAccess === 'write';
  const { held, sealed } = protects ? await findRepoConfig(workspaceDir) : NOTHING;
  for (const way of ways) refuseOtherSpelling(way, [...held, ...sealed]);
  const placed = ({ path }: { path: string }): PlacedPath => ({
    source: join(workspaceDir, path),
    target: `/workspace/${path}`,
  });
  return {
    roots: ways.flatMap((way) => way.slice(-1).map(placed)),
    held: held.map(placed),
    sealed: sealed.map(placed),
  };
}

/** Every directory from the workspace down to a writable root, the root itself last. */
async function wayTo(workspaceDir: string, target: string): Promise<SeenPath[]> {
  const way: SeenPath[] = [];
  for (const component of target.split('/').slice(2)) {
    const path = [...way.slice(-1).map((last) => last.path), component].join('/');
    const { kind, id } = await lookAt(join(workspaceDir, path));
    if (kind !== 'directory' || component === '..' || component === '.') {
      throw controlUnavailable(
        ROOTS,
        `${target} must be a directory of the workspace, with no link on its way`,
      );
    }
    way.push({ path, id });
  }
  return way;
}

/** Where a file system takes `.GIT` for `.git`, a root by that name would be past all guards. */
function refuseOtherSpelling(way: readonly SeenPath[], guarded: readonly SeenPath[]): void {
  for (const { path, id } of way) {
    const other = guarded.find((one) => one.id === id && one.path !== path);
    if (other === undefined) continue;
    throw controlUnavailable(
      ROOTS,
      `/workspace/${path} must be written /workspace/${other.path}, as it is called`,
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
