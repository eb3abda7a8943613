import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ContainerCreateBody } from '../../src/sandbox/container-engine.js';
import { itAlike } from '../support/long-form.js';
import { parseFindings } from './probe.js';
import {
  ATTEMPT,
  GIT_CONFIGURES,
  GIT_WORKS,
  GUARDED_DIRECTORIES,
  GUARDED_FILES,
  MOUNT_TRICKS,
  PLANT,
  TAMPER,
  snapshot,
  writes,
} from './repo-probe.js';
import { type Place, SandboxBench } from './sandbox-bench.js';

const GUARDED = [...GUARDED_DIRECTORIES, ...GUARDED_FILES];

const ROOTS = [
  ['.git/new', ''],
  ['.git/new', '/.git'],
  ['.git/modules/new', '/.git/hooks', '/.git', '/.git/modules/libs/sub/hooks'],
  ['.git/modules/libs/sub/new', '/.git/modules/libs/sub', '/.codex'],
  ['plain/new', '/plain', '/.git/hooks', '/.git/info'],
] as const;

function mayMount(body: ContainerCreateBody): void {
  body.User = '0:0';
  body.HostConfig.CapDrop = null;
  body.HostConfig.CapAdd = ['SYS_ADMIN'];
  body.HostConfig.SecurityOpt = ['apparmor=unconfined', 'seccomp=unconfined'];
}

describe.each([
  ['runc', false],
  ['runsc', true],
] as const)('repository configuration under %s', (runtime, gvisor) => {
  const alike = itAlike(runtime);
  const security = { gvisor };
  const bench = new SandboxBench({ sandbox: { security } });
  const open = new SandboxBench(
    { sandbox: { security, protectRepoConfig: false } },
    new Set(['codex.sandbox.protectRepoConfig']),
  );
  afterAll(() => Promise.all([bench.close(), open.close()]));

  let template = '';
  beforeAll(async () => {
    const place = await bench.place();
    const { exitCode, stderr } = await bench.script(PLANT, { place });
    if (exitCode !== 0 || stderr !== '') throw new Error(`planting failed: ${stderr}`);
    template = place.workspaceDir;
  });

  /** A workspace as an earlier turn left it. */
  async function planted(on = bench): Promise<Place> {
    const place = await on.place();
    execFileSync('cp', ['-a', `${template}/.`, place.workspaceDir]);
    return place;
  }

  async function found(script: string, place: Place, on = bench) {
    return parseFindings((await on.script(script, { place })).stdout);
  }

  const named = (findings: Record<string, string>, value: string) =>
    Object.keys(findings).filter((name) => findings[name] === value);

  it('F10 stays as it is, whatever is done to it or to what it lies in', async () => {
    const place = await planted();
    const before = snapshot(place.workspaceDir, GUARDED);
    const held = await found(TAMPER, place);
    expect(named(held, 'done')).toEqual([]);
    expect(snapshot(place.workspaceDir, GUARDED)).toEqual(before);
    const free = await found(TAMPER, await planted(open), open);
    expect(Object.keys(free)).toEqual(Object.keys(held));
    const refused = named(free, 'refused');
    expect(refused.filter((name) => !(gvisor && name.startsWith('exchange:')))).toEqual([]);
  });

  it('F10 is not reached past its mounts', async () => {
    const place = await planted();
    const before = snapshot(place.workspaceDir, GUARDED);
    const held = await found(MOUNT_TRICKS, place);
    expect([Object.keys(held).length, named(held, 'done')]).toEqual([4, []]);
    expect(snapshot(place.workspaceDir, GUARDED)).toEqual(before);
    const privileged = await bench.scriptChanged(MOUNT_TRICKS, mayMount, { place });
    const done = named(parseFindings(privileged.stdout), 'done');
    expect(done).toEqual(
      expect.arrayContaining(gvisor ? ['umount', 'bind'] : ['umount', 'remount']),
    );
  });

  it('F10 is not git’s to change in a sandbox, and git does the rest of its work', async () => {
    const place = await planted();
    const before = snapshot(place.workspaceDir, GUARDED);
    expect(named(await found(GIT_CONFIGURES, place), 'done')).toEqual([]);
    expect(named(await found(GIT_WORKS, place), 'refused')).toEqual([]);
    expect(snapshot(place.workspaceDir, GUARDED)).toEqual(before);
    expect(named(await found(GIT_CONFIGURES, await planted(open), open), 'refused')).toEqual([]);
  });

  describe('with writable roots', () => {
    const under = (place: Place, roots: readonly string[], script: string, on = bench) =>
      on.script(script, {
        place,
        request: {
          policy: {
            turnSandboxPolicy: {
              type: 'workspaceWrite',
              writableRoots: roots.map((root) => `/workspace${root}`),
            },
          },
        },
      });

    it('F10 stays as it is under any of them', async () => {
      const place = await planted();
      const before = snapshot(place.workspaceDir, GUARDED);
      for (const [opened, ...roots] of ROOTS) {
        const { stdout } = await under(place, roots, writes(opened));
        expect([roots, named(parseFindings(stdout), 'done')]).toEqual([roots, [`open:${opened}`]]);
      }
      expect(snapshot(place.workspaceDir, GUARDED)).toEqual(before);
      const free = await under(
        await planted(open),
        ['/.git', '/.git/hooks', '/.codex'],
        writes('.git/new'),
        open,
      );
      expect(named(parseFindings(free.stdout), 'refused')).toEqual(['append:.mcp.json']);
    });
  });

  alike('F10 guards the file that a worktree has in place of .git', async () => {
    const script = `${ATTEMPT}cd /workspace
      t write sh -c 'echo "gitdir: /workspace/evil" > .git'
      t rename mv .git away
      t over sh -c 'echo evil > new; mv -f new .git'
      t unlink rm -f .git
      t directory sh -c 'rm -rf .git && git init'`;
    const plant = async (on: SandboxBench) => {
      const place = await on.place();
      await on.script('echo "gitdir: /repository/.git/worktrees/w" > /workspace/.git', { place });
      return place;
    };
    const place = await plant(bench);
    const before = snapshot(place.workspaceDir, ['.git']);
    expect(named(await found(script, place), 'done')).toEqual([]);
    expect(snapshot(place.workspaceDir, ['.git'])).toEqual(before);
    const free = await found(script, await plant(open), open);
    expect(named(free, 'done')).toEqual(expect.arrayContaining(['write', 'rename', 'over']));
  });

  alike('is left where a link stands in its place, and nothing is made', async () => {
    const place = await bench.place();
    const outside = join(bench.root, 'outside');
    for (const name of ['hooks', '.codex']) mkdirSync(join(outside, name), { recursive: true });
    writeFileSync(join(outside, 'config'), 'theirs');
    for (const [from, to] of [
      ['.git', outside],
      ['.codex', join(outside, '.codex')],
      ['.mcp.json', join(outside, 'config')],
    ] as const) {
      symlinkSync(to, join(place.workspaceDir, from));
    }
    const sandbox = await bench.create({ place });
    const { Mounts } = await bench.engine.inspectContainer(sandbox.containerId);
    const below = Mounts.filter(({ Destination }) => Destination.startsWith('/workspace/'));
    expect(below).toEqual([]);
    await sandbox.remove();
    rmSync(join(place.workspaceDir, '.git'));
    await bench.script('mkdir /workspace/.git', { place });
    const { stdout } = await bench.script('cd /workspace; ls -A .git | wc -l', { place });
    expect(stdout.trim()).toBe('0');
    rmSync(outside, { recursive: true });
  });

  alike('is refused where an earlier turn made a way around it', async () => {
    const refused = (place: Place) =>
      expect(bench.create({ place })).rejects.toMatchObject({
        code: 'control_unavailable',
        details: [{ field: 'codex.sandbox.protectRepoConfig' }],
      });
    const linked = await bench.place();
    await bench.script('cd /workspace; git init -q; ln .git/config other-name', { place: linked });
    await refused(linked);
    rmSync(join(linked.workspaceDir, 'other-name'));
    await (await bench.create({ place: linked })).remove();

    const elsewhere = await planted();
    const detour = `cd /workspace && cp -r .git evil && git config -f evil/config core.fsmonitor 'echo ran >&2; false'
      echo ../evil > .git/commondir; git status 2>&1 | grep -c ran`;
    // That is what it is refused for.
    const { stdout } = await bench.script(detour, { place: elsewhere });
    expect(Number(stdout)).toBeGreaterThan(0);
    await refused(elsewhere);
    renameSync(join(elsewhere.workspaceDir, '.git/commondir'), join(bench.root, 'commondir'));
    await (await bench.create({ place: elsewhere })).remove();
  });

  alike('holds 64 submodules', async () => {
    const place = await planted();
    const modules = join(place.workspaceDir, '.git/modules');
    const copies = (from: number, to: number) =>
      `for n in $(seq ${from} ${to}); do cp -a libs/sub $n; done`;
    execFileSync('sh', ['-c', copies(1, 63)], { cwd: modules });
    const attempt = `cd /workspace; perl -e 'for (1 .. 63) {
      print "$_ written\\n" if open my $f, ">>", ".git/modules/$_/config";
      print "$_ moved\\n" if rename ".git/modules/$_", ".git/modules/x$_" }'; echo "end reached"`;
    expect(await found(attempt, place)).toEqual({ end: 'reached' });
    expect(named(await found(attempt, place, open), 'moved')).toHaveLength(63);
    await open.script('cd /workspace/.git/modules; for n in $(seq 63); do mv x$n $n; done', {
      place,
    });
    execFileSync('sh', ['-c', copies(64, 64)], { cwd: modules });
    await expect(bench.create({ place })).rejects.toMatchObject({ code: 'control_unavailable' });
  });

  alike('says in the report of a sandbox what it protects', async () => {
    const report = async (on: SandboxBench, place: Place) => {
      const sandbox = await on.create({ place });
      await sandbox.remove();
      const { controls } = sandbox.report;
      return ['protectRepoConfig', 'protectedPaths'].map((name) =>
        controls.find((control) => control.name === name),
      );
    };
    expect(await report(bench, await planted())).toEqual([
      { name: 'protectRepoConfig', value: true, source: 'default' },
      {
        name: 'protectedPaths',
        value: [
          '/workspace/.codex',
          '/workspace/.git/config',
          '/workspace/.git/config.worktree',
          '/workspace/.git/hooks',
          '/workspace/.git/info',
          '/workspace/.git/modules/libs/sub/config',
          '/workspace/.git/modules/libs/sub/hooks',
          '/workspace/.mcp.json',
        ],
        source: 'default',
      },
    ]);
    expect(await report(open, await planted(open))).toEqual([
      { name: 'protectRepoConfig', value: false, source: 'config' },
      { name: 'protectedPaths', value: [], source: 'config' },
    ]);
  });
});
