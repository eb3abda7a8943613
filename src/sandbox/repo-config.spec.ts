import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findRepoConfig } from './repo-config.js';

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'repo-config-'));
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

const inside = (path: string) => join(workspace, path);
const directory = (path: string) => mkdirSync(inside(path), { recursive: true });
function file(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(inside(path)), { recursive: true });
    writeFileSync(inside(path), '');
  }
}
function repository(...paths: string[]): void {
  for (const path of paths) {
    file(`${path}/config`, `${path}/HEAD`, `${path}/hooks/sample`, `${path}/objects/aa/1`);
  }
}

async function found(): Promise<{ held: string[]; sealed: string[] }> {
  const { held, sealed } = await findRepoConfig(workspace);
  const paths = (list: typeof held) => list.map(({ path }) => path).sort();
  return { held: paths(held), sealed: paths(sealed) };
}

const refusal = (message: RegExp) =>
  expect.objectContaining({
    code: 'control_unavailable',
    details: [
      {
        field: 'codex.sandbox.protectRepoConfig',
        message: expect.stringMatching(message) as string,
      },
    ],
  });

describe('findRepoConfig', () => {
  it('finds nothing in an empty workspace, and makes nothing there', async () => {
    expect(await found()).toEqual({ held: [], sealed: [] });
  });

  it('finds what there is of git, Codex and MCP', async () => {
    file('.mcp.json', '.codex/config.toml', '.git/config', '.git/config.worktree', '.git/HEAD');
    directory('.git/hooks');
    file('.git/info/attributes');
    expect(await found()).toEqual({
      held: ['.git'],
      sealed: [
        '.codex',
        '.git/config',
        '.git/config.worktree',
        '.git/hooks',
        '.git/info',
        '.mcp.json',
      ],
    });
  });

  it('finds the file that names the repository of a worktree', async () => {
    file('.git');
    expect(await found()).toEqual({ held: [], sealed: ['.git'] });
  });

  it('leaves what is a link, or of another kind', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'repo-outside-'));
    for (const name of ['.git', '.codex', '.mcp.json']) symlinkSync(outside, inside(name));
    expect(await found()).toEqual({ held: [], sealed: [] });
    rmSync(inside('.git'));
    directory('.git');
    for (const name of ['hooks', 'info', 'config', 'config.worktree', 'modules']) {
      symlinkSync(outside, inside(`.git/${name}`));
    }
    expect(await found()).toEqual({ held: ['.git'], sealed: [] });
    for (const name of ['.codex', '.mcp.json']) rmSync(inside(name));
    file('.codex');
    directory('.mcp.json');
    expect(await found()).toEqual({ held: ['.git'], sealed: [] });
    rmSync(outside, { recursive: true });
  });

  describe('of submodules', () => {
    it('finds them by names that are paths, and theirs in them', async () => {
      repository('.git', '.git/modules/a', '.git/modules/libs/b', '.git/modules/a/modules/c');
      const { held, sealed } = await found();
      expect(held).toEqual([
        '.git',
        '.git/modules',
        '.git/modules/a',
        '.git/modules/a/modules',
        '.git/modules/a/modules/c',
        '.git/modules/libs',
        '.git/modules/libs/b',
      ]);
      expect(sealed).toEqual(
        ['.git', '.git/modules/a', '.git/modules/a/modules/c', '.git/modules/libs/b'].flatMap(
          (path) => [`${path}/config`, `${path}/hooks`],
        ),
      );
    });

    it('finds one that has lost its HEAD or its configuration', async () => {
      file('.git/modules/a/config', '.git/modules/b/HEAD');
      directory('.git/modules/b/hooks');
      expect((await found()).sealed).toEqual(['.git/modules/a/config', '.git/modules/b/hooks']);
    });

    it('is not led astray by what was put beside them', async () => {
      repository('.git/modules/libs/deep/a', '.git/modules/libs/logs', '.git/modules/lfs/b');
      file('.git/modules/config', '.git/modules/HEAD', '.git/modules/libs/config');
      directory('.git/modules/libs/objects');
      file('.git/modules/libs/HEAD');
      expect((await found()).sealed).toEqual(
        expect.arrayContaining([
          '.git/modules/libs/deep/a/config',
          '.git/modules/libs/deep/a/hooks',
          '.git/modules/libs/logs/config',
          '.git/modules/libs/logs/hooks',
          '.git/modules/lfs/b/config',
        ]),
      );
    });

    it('looks through no link, and into no objects', async () => {
      repository('elsewhere');
      directory('.git/modules');
      symlinkSync(inside('elsewhere'), inside('.git/modules/a'));
      repository('.git/modules/b');
      for (let index = 0; index < 600; index += 1) {
        directory(`.git/modules/b/objects/${index}`);
      }
      expect((await found()).sealed).toEqual(['.git/modules/b/config', '.git/modules/b/hooks']);
    });

    it.each([
      ['too many', () => numbers(65, (n) => repository(`.git/modules/${n}`)), /more than 64 sub/],
      ['too many directories', () => numbers(600, (n) => directory(`.git/modules/${n}`)), /512/],
      ['too many files', () => numbers(1025, (n) => file(`.git/modules/${n}`)), /1024 files/],
    ])('refuses %s', async (_name, prepare, message) => {
      prepare();
      await expect(found()).rejects.toEqual(refusal(message));
    });

    it('takes 64 of them', async () => {
      numbers(64, (n) => repository(`.git/modules/${n}`));
      expect((await found()).sealed).toHaveLength(128);
    });
  });

  describe('that could be changed all the same', () => {
    it.each([['.git/commondir'], ['.git/modules/a/commondir']])(
      'is refused where %s sends git elsewhere',
      async (path) => {
        repository('.git', '.git/modules/a');
        await found();
        symlinkSync('nowhere', inside(path));
        await expect(found()).rejects.toEqual(refusal(/commondir/));
        rmSync(inside(path));
        file(path);
        await expect(found()).rejects.toEqual(refusal(/commondir/));
      },
    );

    it.each([
      ['.git/config'],
      ['.git/hooks/sample'],
      ['.git/modules/a/config'],
      ['.codex/rules/x'],
      ['.mcp.json'],
    ])('is refused where %s has a second name', async (path) => {
      repository('.git', '.git/modules/a');
      file('.codex/rules/x', '.mcp.json');
      await found();
      linkSync(inside(path), inside('second'));
      await expect(found()).rejects.toEqual(refusal(/second name/));
      renameSync(inside('second'), inside('.git/objects/second'));
      await expect(found()).rejects.toEqual(refusal(/second name/));
    });

    it('is refused when it is more than can be looked through', async () => {
      numbers(2049, (n) => file(`.codex/many/${n}`));
      await expect(found()).rejects.toEqual(refusal(/2048 protected files/));
    });
  });

  it('names nothing that is reached through a link, and no link, in any workspace', async () => {
    const name = fc.constantFrom('.git', '.codex', '.mcp.json', 'hooks', 'config', 'modules', 'a');
    const entry = fc.record({
      path: fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/')),
      kind: fc.constantFrom('directory', 'directory', 'file', 'link'),
      // None of them leads out of the test's own directory, whatever is made through it.
      to: fc.constantFrom('.', 'a', '.git', join(workspace, 'outside')),
    });
    mkdirSync(join(workspace, 'outside', '.git'), { recursive: true });
    let named = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 25 }), async (entries) => {
        const root = realpathSync(mkdtempSync(join(workspace, 'random-')));
        for (const { path, kind, to } of entries) place(join(root, path), kind, to);
        const { held, sealed } = await findRepoConfig(root);
        for (const { path } of [...held, ...sealed]) {
          named += 1;
          expect(realpathSync(join(root, path))).toBe(join(root, path));
        }
        for (const { path } of held) expect(lstatSync(join(root, path)).isDirectory()).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(named).toBeGreaterThan(100);
  });

  it.runIf(process.getuid?.() === 0)('refuses a name that it cannot say', async () => {
    directory('.git/modules');
    mkdirSync(Buffer.concat([Buffer.from(inside('.git/modules/')), Buffer.from([0xff, 0xfe])]));
    await expect(found()).rejects.toMatchObject({ code: 'control_unavailable' });
  });
});

/** Makes what can be made there. */
function place(path: string, kind: string, to: string): void {
  try {
    if (kind === 'link') symlinkSync(to, path);
    else if (kind === 'file') writeFileSync(path, '', { flag: 'wx' });
    else mkdirSync(path, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EEXIST', 'ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) throw error;
  }
}

function numbers(count: number, make: (n: number) => void): void {
  for (let n = 0; n < count; n += 1) make(n);
}
