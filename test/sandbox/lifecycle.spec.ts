import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { acknowledgement, encodeFrame, newNonce } from '../../src/sandbox/frame.js';
import { RUN_LABEL } from '../../src/sandbox/container-spec.js';
import { EngineWatch } from '../../src/sandbox/engine-watch.js';
import { DockerEngine } from '../../src/sandbox/docker/docker-engine.js';
import type { EngineInfo } from '../../src/sandbox/container-engine.js';
import { SystemClock } from '../../src/kernel/clock.js';
import { ReadinessProbes } from '../../src/kernel/readiness.js';
import { RuntimeFacts } from '../../src/kernel/runtime-facts.js';
import { LateRemovals } from '../../src/sandbox/late-removals.js';
import { Sandboxes } from '../../src/sandbox/sandboxes.js';
import { SandboxBench } from './sandbox-bench.js';

const anyByte = Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1));

describe.each([
  ['runc', false],
  ['runsc', true],
])('a sandbox under %s', (_runtime, gvisor) => {
  const bench = new SandboxBench({ sandbox: { security: { gvisor } } });
  afterAll(() => bench.close());

  it('hands any bytes to the command unchanged, up to the kernel’s limits', async () => {
    const shuffled = Array.from({ length: 20 }, (_, index) =>
      Buffer.concat([anyByte.subarray(index * 12), anyByte.subarray(0, index * 12)]),
    );
    const long = 'x'.repeat(128 * 1024 - 1);
    const env = { XA: anyByte, XB: "'\n}\n'", XC: 'ünïcödé', XD: '' };
    const program = 'binmode STDOUT; print join("\\n--\\n", @ENV{qw(XA XB XC XD)}, @ARGV)';
    const argv = ['perl', '-e', program, '--', ...shuffled, long, ''];
    const { stdout, stderr, exitCode } = await bench.run(argv, { env });
    expect([stderr, exitCode]).toEqual(['', 0]);
    const expected = [...Object.values(env), ...shuffled, long, ''].map((part) =>
      Buffer.from(part).toString('latin1'),
    );
    expect(stdout === expected.join('\n--\n')).toBe(true);
  });

  it('runs nothing of a frame that is cut, and says so', async () => {
    const nonce = newNonce();
    const frame = encodeFrame({ env: {}, argv: ['echo', 'ran'], nonce });
    const sandbox = await bench.create();
    await sandbox.start(frame.subarray(0, frame.length - 1), nonce);
    const printed = [];
    for await (const { stream, bytes } of sandbox.output())
      if (stream === 'stdout') printed.push(bytes);
    expect(Buffer.concat(printed).toString()).toBe('');
    const { acknowledged, exitCode } = await sandbox.wait();
    expect(acknowledged).toBe(false);
    expect(exitCode).not.toBe(0);
    await expect(sandbox.start(frame, nonce)).rejects.toThrow('one frame');
    await sandbox.remove();
  });

  it('gives every outcome as it is', async () => {
    const [seven, missing, denied, killed] = await Promise.all([
      bench.script('exit 7'),
      bench.run(['no-such-command']),
      bench.run(['/etc/passwd']),
      bench.script('kill -TERM $$'),
    ]);
    const outcomes = [seven, missing, denied, killed].map(({ exitCode, acknowledged }) => [
      exitCode,
      acknowledged,
    ]);
    expect(outcomes).toEqual([
      [7, true],
      [127, true],
      [126, true],
      [143, true],
    ]);
  });

  it('loses and doubles nothing that is printed, with or without a last newline', async () => {
    const lines = `perl -e '$| = 1; for my $i (1 .. 20000) { print "line $i of many\\n"; print STDERR "err $i\\n" if $i % 10 == 0 } print "no newline"'`;
    const { stdout, stderr } = await bench.script(lines);
    const expected = Array.from({ length: 20_000 }, (_, index) => `line ${index + 1} of many\n`);
    expect(stdout).toBe(`${expected.join('')}no newline`);
    expect(stderr.split('\n')).toHaveLength(2001);
  });

  it('tells of the acknowledgement when nobody read the output', async () => {
    const sandbox = await bench.create();
    const nonce = newNonce();
    await sandbox.start(encodeFrame({ env: {}, argv: ['true'], nonce }), nonce);
    expect(await sandbox.wait()).toMatchObject({ exitCode: 0, acknowledged: true, gone: false });
    await sandbox.remove();
  });

  it('ends at a signal, and its output ends when it is removed', async () => {
    const sandbox = await bench.create();
    const nonce = newNonce();
    const argv = ['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.2; done'];
    await sandbox.start(encodeFrame({ env: {}, argv, nonce }), nonce);
    const output = sandbox.output();
    expect((await output.next()).value?.bytes.toString()).toBe('up\n');
    await sandbox.signal('SIGTERM');
    await sandbox.signal('SIGKILL');
    expect((await sandbox.wait()).exitCode).toBe(137);
    await sandbox.signal('SIGTERM');
    await sandbox.remove();
    expect((await output.next()).done).toBe(true);
    await sandbox.remove();
  });
});

describe('sandboxes', () => {
  const bench = new SandboxBench();
  afterAll(() => bench.close());

  it('L4 and L5 pin the image, and leave nothing behind', async () => {
    const { sandbox } = await bench.script('true', { keep: true });
    const image = await bench.image();
    const inspected = await bench.engine.inspectContainer(sandbox.containerId);
    expect(image.id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect([inspected.Image, inspected.Config.Image, sandbox.report.image.id]).toEqual([
      image.id,
      image.id,
      image.id,
    ]);
    expect(await bench.engine.changes(sandbox.containerId)).toEqual([]);
    await sandbox.remove();
    await expect(bench.engine.inspectContainer(sandbox.containerId)).rejects.toMatchObject({
      status: 404,
    });
  });

  it('L3 removes its own alone', async () => {
    const other = new SandboxBench();
    try {
      const theirs = await other.create();
      const ours = await bench.create();
      const label = (await bench.engine.inspectContainer(ours.containerId)).Config.Labels[
        RUN_LABEL
      ];
      expect(await bench.sandboxes.removeAllOf('no-such-run')).toBe(0);
      expect(await bench.sandboxes.removeAllOf(label)).toBe(1);
      await bench.create();
      expect(await bench.sandboxes.removeAllOf()).toBe(1);
      expect((await other.engine.inspectContainer(theirs.containerId)).State.Status).toBe(
        'created',
      );
    } finally {
      await other.close();
    }
  });

  it.each([
    ['a missing image', { sandbox: { image: 'no-such-image:latest' } }, 'codex.sandbox.image'],
    [
      'a profile that is missing',
      { sandbox: { security: { seccompProfile: '/nowhere.json' } } },
      'codex.sandbox.security.seccompProfile',
    ],
    [
      'a profile that is no JSON',
      { sandbox: { security: { seccompProfile: '/etc/hostname' } } },
      'codex.sandbox.security.seccompProfile',
    ],
    [
      'a mount of /etc',
      { sandbox: { extraMounts: [{ source: '/etc', target: '/opt/etc' }] } },
      'codex.sandbox.extraMounts.0.source',
    ],
  ])('refuse %s', async (_name, codex, field) => {
    const refusing = new SandboxBench(codex);
    try {
      const place = await bench.place();
      await expect(refusing.create({ place })).rejects.toMatchObject({
        code: 'control_unavailable',
        details: [{ field }],
      });
      expect(await refusing.sandboxes.removeAllOf()).toBe(0);
    } finally {
      await refusing.close();
    }
  });

  /** The same engine, telling something else of itself. */
  class ChangedEngine extends DockerEngine {
    constructor(private readonly change: Partial<EngineInfo>) {
      super(process.env.DOCKER_HOST ?? null);
    }

    override async info(): Promise<EngineInfo> {
      return { ...(await super.info()), ...this.change };
    }
  }

  it.each([
    [
      'L6 no runsc',
      { runtimes: { runc: [] } },
      { gvisor: true },
      'codex.sandbox.security.gvisor',
      '--network=host',
    ],
    [
      'a runsc that ignores profiles',
      { runtimes: { runsc: ['--network=host'] } },
      { gvisor: true, seccompProfile: '/x' },
      'codex.sandbox.security.seccompProfile',
      '--oci-seccomp',
    ],
    ['no seccomp', { securityOptions: [] }, {}, 'seccomp', 'kernel'],
    [
      'an unconfined default',
      { securityOptions: ['name=seccomp,profile=unconfined'] },
      {},
      'seccomp',
      'unconfined',
    ],
  ])('refuse to run with %s', async (_name, change, security, field, remedy) => {
    const refusing = new SandboxBench({ sandbox: { security } });
    const engine = new ChangedEngine(change);
    const watch = new EngineWatch(
      engine,
      new SystemClock(),
      new ReadinessProbes(),
      new RuntimeFacts(),
    );
    Object.assign(refusing, {
      sandboxes: new Sandboxes(
        engine,
        watch,
        refusing.settings,
        refusing.data,
        new LateRemovals(engine),
      ),
    });
    try {
      await expect(refusing.create({ place: await bench.place() })).rejects.toMatchObject({
        code: 'control_unavailable',
        message: expect.stringContaining(remedy),
        details: [{ field }],
      });
    } finally {
      await refusing.close();
    }
  });

  it('refuse an image with a volume, and one without an agent', async () => {
    const build = (name: string, change: string, passwd: string) => {
      const root = join(bench.root, name);
      mkdirSync(join(root, 'etc'), { recursive: true });
      writeFileSync(join(root, 'etc/passwd'), passwd);
      const tar = execFileSync('tar', ['-C', root, '-c', '.']);
      const args = [
        'import',
        ...(change ? ['--change', change] : []),
        '-',
        `h3-probe-${name}:${process.pid}`,
      ];
      execFileSync('docker', args, { input: tar, stdio: 'pipe' });
      return `h3-probe-${name}:${process.pid}`;
    };
    const images = [
      build('volume', 'VOLUME /data', 'agent:x:10001:10001::/:/bin/sh\n'),
      build('nobody', '', 'root:x:0:0::/:/bin/sh\n'),
      build('root', '', 'agent:x:0:10001::/:/bin/sh\n'),
    ];
    try {
      const words = ['VOLUME', 'no user agent', 'must not be root'];
      for (const [index, image] of images.entries()) {
        await expect(bench.images.resolve(image)).rejects.toMatchObject({
          code: 'control_unavailable',
          message: expect.stringContaining(words[index] ?? ''),
        });
      }
    } finally {
      execFileSync('docker', ['rmi', ...images], { stdio: 'pipe' });
    }
  });

  it('say when the engine is away', async () => {
    const away = new DockerEngine('unix:///nowhere/docker.sock');
    const watch = new EngineWatch(
      away,
      new SystemClock(),
      new ReadinessProbes(),
      new RuntimeFacts(),
    );
    const sandboxes = new Sandboxes(
      away,
      watch,
      bench.settings,
      bench.data,
      new LateRemovals(away),
    );
    expect(await sandboxes.engineState()).toMatchObject({ available: false });
    await expect(sandboxes.removeAllOf()).rejects.toMatchObject({ code: 'engine_unavailable' });
    expect(await bench.sandboxes.engineState()).toEqual({ available: true });
  });

  it('report what docker run would take, and no frame', async () => {
    const sandbox = await bench.create();
    const { dockerRun, controls } = sandbox.report;
    expect(dockerRun.slice(0, 2)).toEqual(['docker', 'run']);
    expect(dockerRun).toEqual(
      expect.arrayContaining([
        '--read-only',
        '--cap-drop=ALL',
        '--security-opt=no-new-privileges',
        '--memory=4294967296',
        '--init',
      ]),
    );
    expect(dockerRun.join(' ')).not.toContain(acknowledgement('').toString().trim());
    expect(controls.find(({ name }) => name === 'user')).toMatchObject({
      value: '10001:10001',
      source: 'always',
    });
    await sandbox.remove();
  });
});

describe('helper containers', () => {
  const bench = new SandboxBench();
  afterAll(() => bench.close());

  it('measure and change a directory with what they are given, and no more', async () => {
    const { workspaceDir } = await bench.place();
    mkdirSync(join(workspaceDir, 'closed'), { mode: 0o700 });
    writeFileSync(join(workspaceDir, 'closed/file'), 'x'.repeat(100_000));
    execFileSync('chown', ['-R', '12345:12345', workspaceDir]);
    const mounts = (readOnly: boolean) => [{ source: workspaceDir, target: '/target', readOnly }];
    const argv = ['sh', '-c', 'du -sb /target; touch /target/x; ls /sys/class/net'];
    const measured = await bench.helpers.run({
      purpose: 'probe',
      argv,
      mounts: mounts(true),
      caps: ['DAC_READ_SEARCH'],
    });
    expect(Number(measured.stdout.toString().split('\t')[0])).toBeGreaterThan(100_000);
    expect(measured.stdout.toString().split('\n').slice(1, -1)).toEqual(['lo']);
    expect(measured.stderr.toString()).toMatch(/Read-only file system/);
    const blind = await bench.helpers.run({
      purpose: 'probe',
      argv: ['du', '-sb', '/target'],
      mounts: mounts(true),
    });
    expect(blind.exitCode).not.toBe(0);
    const chown = {
      purpose: 'probe',
      argv: ['chown', '-R', '10001:10001', '/target'],
      mounts: mounts(false),
    };
    expect((await bench.helpers.run({ ...chown, caps: ['CHOWN', 'DAC_OVERRIDE'] })).exitCode).toBe(
      0,
    );
    expect(
      execFileSync('stat', ['-c', '%u', join(workspaceDir, 'closed/file')])
        .toString()
        .trim(),
    ).toBe('10001');
    expect(await bench.helpers.removeAll()).toBe(0);
  });
});
