import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findBase, identityOf } from './find-base.js';

let root: string;
let workspace: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'find-base-'));
  workspace = join(root, 'workspace');
  mkdirSync(workspace);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const PERSON = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'gc.auto=0'];
function git(...args: string[]): string {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
  return String(
    execFileSync('git', [...PERSON, ...args], { cwd: workspace, env, stdio: 'pipe' }),
  ).trim();
}
const put = (path: string, text: string) => writeFileSync(join(workspace, path), text);

/** A repository with a commit on `main`; answers its id. */
function repository(...more: string[]): string {
  git('init', '-q', '-b', 'main', ...more);
  put('file', 'one\n');
  git('add', '.');
  git('commit', '-qm', 'one');
  return git('rev-parse', 'HEAD');
}

describe('the base of a run', () => {
  it('is nothing, where there is no repository or no commit', async () => {
    const none = { commit: null, objects: null, index: null };
    expect(await findBase(workspace)).toEqual({ workspace: await identityOf(workspace), ...none });
    git('init', '-q', '-b', 'main');
    expect(await findBase(workspace)).toMatchObject({ commit: null, objects: '.git/objects' });
  });

  it.each([
    ['a loose branch', () => undefined],
    ['a packed branch', () => git('pack-refs', '--all')],
    [
      'a packed branch beside a directory of its name',
      () => {
        git('pack-refs', '--all');
        mkdirSync(join(workspace, '.git/refs/heads/main'));
      },
    ],
    ['a detached HEAD', () => git('checkout', '-q', '--detach')],
    ['a branch with slashes', () => git('checkout', '-qb', 'a/b-c/d.e_f')],
    ['a branch of a name that is not ASCII', () => git('checkout', '-qb', 'übung')],
    ['a branch that is another one', () => git('symbolic-ref', 'HEAD', symbolic())],
  ])('is the commit of %s', async (_name, change) => {
    const commit = repository();
    change();
    expect(await findBase(workspace)).toMatchObject({
      commit,
      objects: '.git/objects',
      index: '.git/index',
    });
  });

  function symbolic(): string {
    git('symbolic-ref', 'refs/heads/other', 'refs/heads/main');
    return 'refs/heads/other';
  }

  it('is of a repository with SHA-256 too', async () => {
    const commit = repository('--object-format=sha256');
    expect(commit).toHaveLength(64);
    expect(await findBase(workspace)).toMatchObject({ commit });
  });

  it('is of a worktree of a repository in the workspace, also by the path in the sandbox', async () => {
    const commit = repository();
    git('worktree', 'add', '-q', '-b', 'work', 'tree');
    renameSync(join(workspace, '.git'), join(workspace, 'main.git'));
    const own = 'main.git/worktrees/tree';
    for (const pointer of [`/workspace/${own}`, own, `./x/../${own}/`]) {
      put('.git', `gitdir: ${pointer}\n`);
      expect(await findBase(workspace)).toMatchObject({
        commit,
        objects: 'main.git/objects',
        index: `${own}/index`,
      });
    }
  });

  describe.each([
    ['a link as .git', () => symlinkSync(join(root, 'other'), join(workspace, '.git'))],
    ['a pointer out of the workspace', () => put('.git', 'gitdir: ../other\n')],
    ['an absolute pointer', () => put('.git', `gitdir: ${join(root, 'other')}\n`)],
    [
      'a pointer that climbs out of the path in the sandbox',
      () => put('.git', 'gitdir: /workspace/../other\n'),
    ],
    [
      'a pointer through a link',
      () => {
        symlinkSync(root, join(workspace, 'up'));
        put('.git', 'gitdir: up/other\n');
      },
    ],
    ['a file that is no pointer', () => put('.git', 'no pointer\n')],
  ])('with %s', (_name, plant) => {
    it('is not read from outside', async () => {
      repository();
      renameSync(join(workspace, '.git'), join(root, 'other'));
      plant();
      const base = await findBase(workspace);
      expect([base.commit, base.objects, base.index]).toEqual([null, null, null]);
      expect(base.problem).toMatch(/^(?!.*\/tmp)/);
    });
  });

  it.each([
    ['HEAD', 'HEAD'],
    ['refs', 'refs/heads/main'],
    ['refs/heads', 'refs/heads/main'],
    ['refs/heads/main', 'refs/heads/main'],
  ])('does not follow %s where it is a link', async (moved) => {
    repository();
    renameSync(join(workspace, '.git', moved), join(root, 'moved'));
    symlinkSync(join(root, 'moved'), join(workspace, '.git', moved));
    expect(await findBase(workspace)).toMatchObject({ commit: null, problem: expect.any(String) });
  });

  it.each([
    'ref: ../../../etc/passwd',
    'ref: refs/../../../etc/passwd',
    'ref: refs/heads/.invalid',
    'ref: /etc/passwd',
    'ref: refs/heads/a\nb',
    'no id at all',
    'a'.repeat(5000),
    '',
  ])('is not known where HEAD is %j', async (head) => {
    repository();
    put('.git/HEAD', head);
    expect(await findBase(workspace)).toMatchObject({ commit: null, problem: expect.any(String) });
  });

  it('does not wait for a FIFO, and does not go in circles', async () => {
    repository();
    rmSync(join(workspace, '.git/HEAD'));
    execFileSync('mkfifo', [join(workspace, '.git/HEAD')]);
    expect((await findBase(workspace)).problem).toBe('.git/HEAD is no regular file');
    rmSync(join(workspace, '.git/HEAD'));
    put('.git/HEAD', 'ref: refs/heads/main');
    put('.git/refs/heads/main', 'ref: refs/heads/main');
    expect((await findBase(workspace)).problem).toBe('HEAD names refs in a circle');
  });

  it('knows its directory from another in its place', async () => {
    const before = await identityOf(workspace);
    renameSync(workspace, `${workspace}-old`);
    expect(await identityOf(workspace)).toBe('');
    mkdirSync(workspace);
    expect(await identityOf(workspace)).not.toBe(before);
    rmSync(workspace, { recursive: true });
    symlinkSync(`${workspace}-old`, workspace);
    expect(await identityOf(workspace)).toBe('');
  });
});
