import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { prepareHome, readWorkspaceLayout } from './workspace-layout.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'layout-'));
  mkdirSync(join(dir, 'w/a/b'), { recursive: true });
  mkdirSync(join(dir, 'outside/b'), { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const OPEN = { workspaceAccess: 'write', writableRoots: [], protectRepoConfig: true } as const;

const read = (...writableRoots: string[]) =>
  readWorkspaceLayout(join(dir, 'w'), { ...OPEN, writableRoots });

describe('readWorkspaceLayout', () => {
  it('finds the roots that are directories', async () => {
    expect((await read('/workspace/a/b')).roots).toEqual([
      { source: join(dir, 'w/a/b'), target: '/workspace/a/b' },
    ]);
  });

  it.each([
    ['a link', () => symlinkSync(join(dir, 'outside'), join(dir, 'w/x')), '/workspace/x'],
    [
      'a link on the way',
      () => symlinkSync(join(dir, 'outside'), join(dir, 'w/x')),
      '/workspace/x/b',
    ],
    ['a file', () => writeFileSync(join(dir, 'w/x'), ''), '/workspace/x'],
    ['nothing', () => undefined, '/workspace/x'],
    ['a way out', () => undefined, '/workspace/../outside'],
  ])('refuses %s as a writable root', async (_name, prepare, root) => {
    prepare();
    await expect(read(root)).rejects.toMatchObject({
      code: 'control_unavailable',
      details: [{ field: 'policy.turnSandboxPolicy.writableRoots' }],
    });
  });

  it('places what is protected in the sandbox, and nothing where nothing is to be', async () => {
    mkdirSync(join(dir, 'w/.git/hooks'), { recursive: true });
    expect(await read()).toEqual({
      roots: [],
      held: [{ source: join(dir, 'w/.git'), target: '/workspace/.git' }],
      sealed: [{ source: join(dir, 'w/.git/hooks'), target: '/workspace/.git/hooks' }],
    });
    const nothing = { roots: [], held: [], sealed: [] };
    for (const change of [
      { protectRepoConfig: false },
      { workspaceAccess: 'read-only' as const },
    ]) {
      expect(await readWorkspaceLayout(join(dir, 'w'), { ...OPEN, ...change })).toEqual(nothing);
    }
  });

  it('refuses a workspace that is a link', async () => {
    symlinkSync(join(dir, 'w'), join(dir, 'link'));
    await expect(readWorkspaceLayout(join(dir, 'link'), OPEN)).rejects.toMatchObject({
      code: 'control_unavailable',
    });
  });
});

describe('prepareHome', () => {
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

  it('takes a planted link away and leaves what it points to alone', async () => {
    const home = join(dir, 'h');
    mkdirSync(home);
    symlinkSync(join(dir, 'outside'), join(home, '.codex-runtime'));
    await prepareHome(home, owner);
    expect(lstatSync(join(home, '.codex-runtime')).isDirectory()).toBe(true);
    expect(readdirSync(join(dir, 'outside'))).toEqual(['b']);
    await prepareHome(home, owner);
  });
});
