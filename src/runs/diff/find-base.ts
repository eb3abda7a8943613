import { lstat } from 'node:fs/promises';
import { posix } from 'node:path';

import type { RunBase } from './run-base.js';
import { UnreadableRepository, WorkspaceFiles } from './workspace-files.js';

/** Where sandboxes see the workspace, and a worktree's `.git` points to. */
const INSIDE = '/workspace/';
const GIT = '.git';

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const POINTER_BYTES = 4096;
/** Some 400,000 refs. */
const PACKED_BYTES = 32 * 1024 * 1024;
/** A symbolic ref that names another one; git's own limit. */
const MOST_HOPS = 5;

/** The helper's shell and git take such paths as they are. */
const PLAIN_PATH = /^[\w.@+-][\w.@+/-]*$/;
/** Stricter than git's, so that it is always a path below the repository. */
const REF = /^refs(?:\/(?!\.)[^/\0-\x20\x7f~^:?*[\\]+)+$/;

/**
 * What the workspace is now, by git's own files, without running git: HEAD, the ref that it names, loose
 * or packed, and the `.git` file of a worktree. Only to be called while no container has the workspace.
 * What cannot be read is a `problem`, not an error: a run need not wait for a sound repository.
 */
export async function findBase(workspaceDir: string): Promise<RunBase> {
  const workspace = await identityOf(workspaceDir);
  const files = new WorkspaceFiles(workspaceDir);
  try {
    return { workspace, ...(await commitOf(files)) };
  } catch (error) {
    if (!(error instanceof UnreadableRepository)) throw error;
    return { workspace, commit: null, objects: null, index: null, problem: error.message };
  }
}

/** Of a directory, also after a restart of the machine; empty where it is missing or no directory. */
export async function identityOf(directory: string): Promise<string> {
  const stats = await lstat(directory, { bigint: true }).catch(() => null);
  return stats?.isDirectory() === true ? `${stats.ino}:${stats.birthtimeNs}` : '';
}

async function commitOf(files: WorkspaceFiles): Promise<Omit<RunBase, 'workspace'>> {
  const repository = await repositoryOf(files);
  if (repository === null) return { commit: null, objects: null, index: null };
  const { own, common } = repository;
  const head = await files.text(`${own}/HEAD`, POINTER_BYTES);
  if (head === null) throw new UnreadableRepository('the repository has no HEAD');
  const commit = await resolve(files, repository, head);
  return { commit, objects: `${common}/objects`, index: `${own}/index` };
}

interface Repository {
  /** HEAD and the index are here. */
  own: string;
  /** Refs and objects are here: the same, but for a worktree. */
  common: string;
}

async function repositoryOf(files: WorkspaceFiles): Promise<Repository | null> {
  const kind = await files.kindOf(GIT);
  if (kind === 'missing') return null;
  const own = kind === 'directory' ? GIT : await pointedTo(files);
  const text = await files.text(`${own}/commondir`, POINTER_BYTES);
  const common = text === null ? own : inWorkspace(text.trimEnd(), own);
  return { own, common };
}

async function pointedTo(files: WorkspaceFiles): Promise<string> {
  const text = await files.text(GIT, POINTER_BYTES);
  const target = /^gitdir: (.+?)\s*$/.exec(text ?? '')?.[1];
  if (target === undefined)
    throw new UnreadableRepository('.git is neither a repository nor a link to one');
  return inWorkspace(target, '.');
}

function inWorkspace(target: string, from: string): string {
  const absolute = target.startsWith('/');
  const relative = target.startsWith(INSIDE) ? target.slice(INSIDE.length) : target;
  const path = posix
    .normalize(absolute ? relative : posix.join(from, relative))
    .replace(/\/+$/, '');
  if (path.startsWith('/') || path === '..' || path.startsWith('../')) {
    throw new UnreadableRepository('the repository lies outside of the workspace');
  }
  if (PLAIN_PATH.test(path)) return path;
  throw new UnreadableRepository('the path of the repository has unusual characters in it');
}

/** `null`: the branch has no commit yet. */
async function resolve(
  files: WorkspaceFiles,
  { own, common }: Repository,
  head: string,
): Promise<string | null> {
  let text = head;
  for (let hops = 0; hops <= MOST_HOPS; hops++) {
    const value = text.trimEnd();
    if (COMMIT.test(value)) return value;
    const ref = /^ref:\s*(.+)$/.exec(value)?.[1] ?? '';
    if (!REF.test(ref)) throw new UnreadableRepository('HEAD names neither a commit nor a branch');
    const place = /^refs\/(?:bisect|worktree|rewritten)\//.test(ref) ? own : common;
    const loose = await looseRef(files, `${place}/${ref}`);
    if (loose === null) return packedRef(files, `${common}/packed-refs`, ref);
    text = loose;
  }
  throw new UnreadableRepository('HEAD names refs in a circle');
}

/** A directory in its place may be left of branches that are packed. */
async function looseRef(files: WorkspaceFiles, path: string): Promise<string | null> {
  if ((await files.kindOf(path)) === 'directory') return null;
  return files.text(path, POINTER_BYTES);
}

async function packedRef(files: WorkspaceFiles, path: string, ref: string): Promise<string | null> {
  const text = await files.text(path, PACKED_BYTES);
  for (const line of (text ?? '').split('\n')) {
    const space = line.indexOf(' ');
    if (line.slice(space + 1) === ref && COMMIT.test(line.slice(0, space))) {
      return line.slice(0, space);
    }
  }
  return null;
}
