import { join } from 'node:path';

import { type PathLook, type SeenPath, entriesOf, kindOf, lookAt } from './path-look.js';
import { hasSecondName, redirected, tooMuch } from './repo-refusals.js';
import { findSubmodules } from './submodules.js';

/** What a workspace holds that git, Codex and MCP clients run, or by which they know what to run. */
export interface RepoConfig {
  /** Directories that something sealed lies in: they keep their names, or another could take its place. */
  held: readonly SeenPath[];
  /** What must stay as it is, with all that is in it. */
  sealed: readonly SeenPath[];
}

const GIT = '.git';

/** `config.worktree` is read beside `config`. */
const OF_SUBMODULE = { hooks: 'directory', config: 'file', 'config.worktree': 'file' } as const;
/** The attributes in `info` choose filters. */
const OF_REPOSITORY = { ...OF_SUBMODULE, info: 'directory' } as const;
const OF_WORKSPACE = { '.codex': 'directory', '.mcp.json': 'file' } as const;

/** Far more than hooks and the settings of agents ever are. */
const MOST_SEALED_ENTRIES = 2048;

/**
 * Looks for it in a workspace that no container has mounted. What is a link, or not there, is left
 * out. Throws `control_unavailable` where it could be changed all the same: by a second name of a
 * file, by a `commondir` that sends git elsewhere, or because there is too much of it to be mounted.
 */
export async function findRepoConfig(workspaceDir: string): Promise<RepoConfig> {
  const held: SeenPath[] = [];
  const sealed = await existing(workspaceDir, OF_WORKSPACE);
  const git = await lookAt(join(workspaceDir, GIT));
  if (git.kind === 'file') sealed.push({ path: GIT, id: git.id });
  if (git.kind === 'directory') {
    const { repositories, ancestors } = await findSubmodules(workspaceDir, `${GIT}/modules`);
    held.push({ path: GIT, id: git.id }, ...ancestors);
    sealed.push(...(await ofRepository(workspaceDir, GIT, OF_REPOSITORY)));
    for (const { path } of repositories) {
      sealed.push(...(await ofRepository(workspaceDir, path, OF_SUBMODULE)));
    }
  }
  await refuseSecondNames(workspaceDir, sealed);
  return { held, sealed };
}

type Wanted = Readonly<Record<string, 'directory' | 'file'>>;

async function ofRepository(
  workspaceDir: string,
  repository: string,
  wanted: Wanted,
): Promise<SeenPath[]> {
  // With this file, git takes hooks and configuration from where it says.
  const detour = `${repository}/commondir`;
  if ((await kindOf(join(workspaceDir, detour))) !== 'missing') throw redirected(detour);
  return existing(workspaceDir, wanted, `${repository}/`);
}

async function existing(workspaceDir: string, wanted: Wanted, prefix = ''): Promise<SeenPath[]> {
  const found = await Promise.all(
    Object.entries(wanted).map(async ([name, kind]) => {
      const path = `${prefix}${name}`;
      const look = await lookAt(join(workspaceDir, path));
      return look.kind === kind ? [{ path, id: look.id }] : [];
    }),
  );
  return found.flat();
}

/** What has a name outside of all that is sealed can be written by that name. */
async function refuseSecondNames(workspaceDir: string, sealed: readonly SeenPath[]): Promise<void> {
  const waiting: string[] = [];
  const visit = (path: string, { kind, names }: PathLook) => {
    if (kind === 'file' && names > 1) throw hasSecondName(path);
    if (kind === 'directory') waiting.push(path);
  };
  for (const { path } of sealed) visit(path, await lookAt(join(workspaceDir, path)));
  let room = MOST_SEALED_ENTRIES;
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const found = await entriesOf(join(workspaceDir, path), room);
    if (found === null) throw tooMuch(`${MOST_SEALED_ENTRIES} protected files`);
    room -= found.size;
    for (const [name, look] of found) visit(`${path}/${name}`, look);
  }
}
