import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, describe, expect, it } from 'vitest';

import type { PolicyRequest } from '../../src/sandbox/policy.js';
import { encodeFrame, newNonce } from '../../src/sandbox/frame.js';
import { itAlike } from '../support/long-form.js';
import { parseFindings } from './probe.js';
import { type Place, SandboxBench } from './sandbox-bench.js';

/** `NAME done`, or the error, of every way to write at `$1`, a directory with a file `kept` in it. */
const WRITES = `perl -e 'use Errno; use Fcntl;
  my $d = $ARGV[0];
  my %try = (
    create => sub { open my $f, ">", "$d/created" }, append => sub { open my $f, ">>", "$d/kept" },
    truncate => sub { truncate "$d/kept", 0 }, mkdir => sub { mkdir "$d/made" },
    rename => sub { rename "$d/kept", "$d/renamed" and rename "$d/renamed", "$d/kept" },
    link => sub { link "$d/kept", "$d/linked" }, symlink => sub { symlink "x", "$d/symlinked" },
    mode => sub { chmod 0600, "$d/kept" }, time => sub { utime 1, 1, "$d/kept" },
    reopen => sub { open my $f, "<", "$d/kept" or die; open my $g, ">", "/proc/self/fd/" . fileno $f },
    unlink => sub { unlink "$d/kept" },
  );
  for my $name (sort keys %try) { $! = 0; print "$name ", $try{$name}->() ? "done" : (grep { $!{$_} } qw(EROFS EACCES EPERM EXDEV))[0] // $!, "\\n" }' `;
const WAYS = 11;

const under = (...roots: string[]): PolicyRequest => ({
  policy: {
    turnSandboxPolicy: {
      type: 'workspaceWrite',
      writableRoots: roots.map((root) => `/workspace/${root}`),
    },
  },
});
const READ_ONLY: PolicyRequest = { policy: { turnSandboxPolicy: { type: 'readOnly' } } };

describe.each([
  ['runc', false],
  ['runsc', true],
] as const)('writable roots under %s', (runtime, gvisor) => {
  const alike = itAlike(runtime);
  const bench = new SandboxBench({ sandbox: { security: { gvisor } } });
  afterAll(() => bench.close());

  const writes = async (place: Place, directory: string, request?: PolicyRequest) =>
    parseFindings(
      (await bench.script(`${WRITES} ${directory}`, { place, ...(request ? { request } : {}) }))
        .stdout,
    );
  const all = (findings: Record<string, string>) => [
    Object.keys(findings).length,
    ...new Set(Object.values(findings)),
  ];

  it('F8 are all that can be written, and nothing is in a read-only turn', async () => {
    const place = await bench.place();
    await bench.script('cd /workspace; mkdir -p a/in b; touch kept a/kept a/in/kept b/kept', {
      place,
    });
    for (const [directory, request, expected] of [
      ['/workspace', READ_ONLY, 'EROFS'],
      ['/workspace/a', READ_ONLY, 'EROFS'],
      ['/workspace', under('a'), 'EROFS'],
      ['/workspace/b', under('a', 'a/in'), 'EROFS'],
      ['/workspace/a/../b', under('a'), 'EROFS'],
      ['/workspace/a/in', under('a'), 'done'],
      ['/workspace/a', under('a', 'a/in'), 'done'],
      ['/workspace/b', undefined, 'done'],
    ] as const) {
      const found = await writes(place, directory, request);
      expect([directory, request, all(found)]).toEqual([directory, request, [WAYS, expected]]);
    }
  });

  describe('that an earlier turn replaced', () => {
    const outside = join(bench.root, 'outside');
    mkdirSync(join(outside, 'in'), { recursive: true });

    /** Each takes a directory away, to `real`; the root is what is asked for then. */
    const replacements: readonly [string, string, string][] = [
      ['a link to a directory of the host', `mv a real; ln -s ${outside} a`, 'a'],
      ['a link to a neighbour', 'mv a real; ln -s ../../neighbour a', 'a'],
      ['a link to another directory of the workspace', 'mv a real; ln -s real a', 'a'],
      ['a link in place of its parent', `mv a real; ln -s ${outside} a`, 'a/in'],
      ['a link to where it lies', 'mv a real; ln -s . a', 'a'],
      ['a file', 'mv a real; echo x > a', 'a'],
      ['nothing', 'mv a real', 'a'],
    ];

    alike('are refused by name, and work again when they are back', async () => {
      const place = await bench.place();
      const at = (index: number, path: string) => `case-${index}/${path}`;
      const plant = replacements.map(
        ([, script], index) => `(mkdir -p case-${index}/a/in; cd case-${index}; ${script})`,
      );
      await bench.script(`cd /workspace; ${plant.join('; ')}`, { place });
      for (const [index, [name, , path]] of replacements.entries()) {
        const request = under(at(index, path));
        await expect(bench.create({ place, request }), name).rejects.toMatchObject({
          code: 'control_unavailable',
          details: [
            {
              field: 'policy.turnSandboxPolicy.writableRoots',
              message: `/workspace/${at(index, path)} must be a directory of the workspace, with no link on its way`,
            },
          ],
        });
      }
      for (const index of replacements.keys()) {
        const directory = join(place.workspaceDir, `case-${index}`);
        rmSync(join(directory, 'a'), { force: true });
        renameSync(join(directory, 'real'), join(directory, 'a'));
      }
      const roots = replacements.map(([, , path], index) => at(index, path));
      const write = roots.map((root) => `echo back > /workspace/${root}/back`).join(' && ');
      const back = await bench.script(write, { place, request: under(...roots) });
      expect([back.exitCode, back.stderr]).toEqual([0, '']);
      for (const root of roots)
        expect(existsSync(join(place.workspaceDir, root, 'back'))).toBe(true);
      expect([readdirSync(outside), readdirSync(join(outside, 'in'))]).toEqual([['in'], []]);
    });

    it('would give the host’s directory away if they were mounted', async () => {
      const place = await bench.place();
      const gift = join(bench.root, 'gift');
      mkdirSync(gift, { mode: 0o777 });
      execFileSync('chmod', ['777', gift]);
      await bench.script(`cd /workspace; ln -s ${gift} a`, { place });
      const followed = await bench.scriptChanged(
        'echo evil > /workspace/a/evil',
        ({ HostConfig: { Mounts } }) => {
          const [whole] = Mounts;
          if (whole) Mounts.push({ ...whole, Source: `${whole.Source}/a`, Target: '/workspace/a' });
        },
        { place },
      );
      expect([followed.exitCode, followed.stderr, existsSync(join(gift, 'evil'))]).toEqual([
        0,
        '',
        true,
      ]);
    });

    it('are looked at only when nobody can replace them any more', async () => {
      const place = await bench.place();
      const issue = 'RACE-1';
      await bench.script('mkdir /workspace/a', { place });
      for (let round = 0; round < (gvisor ? 2 : 4); round += 1) {
        const racing = await bench.create({ place, issue });
        const nonce = newNonce();
        const loop = `cd /workspace; while :; do mv -T a real; ln -s ${outside} a; rm a; mv -T real a; done`;
        await racing.start(encodeFrame({ env: {}, argv: ['sh', '-c', loop], nonce }), nonce);
        await sleep(150 + 37 * round);
        // It may have ended at any moment of its circle.
        const made = await bench
          .create({ place, issue, request: under('a') })
          .catch((error: unknown) => error as { code: string });
        if ('code' in made) {
          expect(made.code).toBe('control_unavailable');
          const real = join(place.workspaceDir, 'real');
          rmSync(join(place.workspaceDir, 'a'), { force: true });
          if (existsSync(real)) renameSync(real, join(place.workspaceDir, 'a'));
          continue;
        }
        const second = newNonce();
        const argv = ['sh', '-c', `echo ${round} > /workspace/a/round`];
        await made.start(encodeFrame({ env: {}, argv, nonce: second }), second);
        expect((await made.wait()).exitCode).toBe(0);
        expect(readFileSync(join(place.workspaceDir, 'a/round'), 'utf8')).toBe(`${round}\n`);
        await made.remove();
      }
      expect(readdirSync(outside)).toEqual(['in']);
    });
  });

  alike('are none by another spelling of what is protected', async () => {
    const place = await bench.place();
    await bench.script('cd /workspace; git init -q; mkdir -p .GIT/hooks; cp .git/config .GIT/', {
      place,
    });
    const script = `for p in .GIT .git; do
      if ( echo x > /workspace/$p/hooks/new ) 2>/dev/null; then echo "$p written"; else echo "$p refused"; fi; done`;
    const { stdout } = await bench.script(script, { place, request: under('.GIT/hooks') });
    expect(parseFindings(stdout)).toEqual({ '.GIT': 'written', '.git': 'refused' });
    // As where a file system takes one for the other.
    const { workspaceDir } = place;
    execFileSync('mount', ['--bind', join(workspaceDir, '.git'), join(workspaceDir, '.GIT')]);
    try {
      await expect(bench.create({ place, request: under('.GIT/hooks') })).rejects.toMatchObject({
        code: 'control_unavailable',
        details: [{ message: '/workspace/.GIT must be written /workspace/.git, as it is called' }],
      });
    } finally {
      execFileSync('umount', [join(workspaceDir, '.GIT')]);
    }
  });
});
