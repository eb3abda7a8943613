import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';

import { startRefused, startService } from '../support/service.js';
import { risoluto, type CliText } from './risoluto.js';

vi.setConfig({ testTimeout: 120_000 });

const CANARY = 'c4n4ry-Zp7Qx2Lw9';

let root: string;
let env: Record<string, string>;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'risoluto-config-'));
  writeFileSync(join(root, 'key'), CANARY, { mode: 0o600 });
  writeFileSync(join(root, 'risoluto.yaml'), 'runs:\n  maxConcurrent: 3\n');
  env = {
    DATA_DIR: join(root, 'data'),
    RISOLUTO_CONFIG: join(root, 'risoluto.yaml'),
    MASTER_KEY_FILE: join(root, 'key'),
  };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function config(args: string[], over: Record<string, string> = {}): Promise<CliText> {
  return risoluto(['config', ...args], { env: { ...env, ...over } });
}

async function problemsOf(over: Record<string, string>, args: string[] = []): Promise<string[]> {
  const { code, stdout, stderr } = await config(['check', '--json', ...args], over);
  const answer = JSON.parse(stdout) as { ok: boolean; problems: string[] };
  expect([code, answer.ok, stderr]).toEqual([answer.ok ? 0 : 1, answer.problems.length === 0, '']);
  return answer.problems;
}

function yaml(content: string): string[] {
  const file = join(root, 'other.yaml');
  writeFileSync(file, content);
  return ['--file', file];
}

describe('risoluto config check', () => {
  it('finds nothing wrong with what starts, and makes nothing', async () => {
    const before = readdirSync(root);
    expect(await config(['check'])).toEqual({
      code: 0,
      stdout: `the configuration is right (the environment, and ${env.RISOLUTO_CONFIG})\n`,
      stderr: '',
    });
    expect(readdirSync(root)).toEqual(before);
  });

  it('names every problem at once, as the service does, and no value', async () => {
    const wrong = {
      RISOLUTO_PORT: `${CANARY}-port`,
      RISOLUTO_WRITE_TOKEN: `${CANARY} with blanks`,
      RISOLUTO_WIRTE_TOKEN: CANARY,
      MASTER_KEY: CANARY,
    };
    const file = 'runs:\n  maxConcurent: 2\ncodex:\n  threadSandbox: none\n';
    const text = await config(['check', ...yaml(file)], wrong);
    expect([text.code, text.stderr]).toEqual([1, '']);
    const { logs, code } = await startRefused({
      env: { ...env, ...wrong, ...fileOf() },
      yaml: file,
    });
    expect(code).toBe(78);
    const told = logs
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^risoluto: /, ''));
    expect(text.stdout.trimEnd().split('\n')).toEqual(told);
    expect(told.length).toBeGreaterThanOrEqual(6);
    expect(text.stdout).not.toContain(CANARY);
  });

  const fileOf = () => ({ RISOLUTO_CONFIG: join(root, 'other.yaml') });

  it('names what only a run would be refused for: profile and mounts', async () => {
    const profile = join(root, 'profile.json');
    const mount = (source: string, target: string) =>
      `      - { source: ${source}, target: ${target}, readOnly: true }\n`;
    const content =
      `codex:\n  sandbox:\n    security:\n      seccompProfile: ${profile}\n    extraMounts:\n` +
      mount('/nonexistent', '/one') +
      mount(root, '/etc/two') +
      mount('/etc', '/three') +
      mount(join(root, 'data'), '/four') +
      mount(join(root, 'shared'), '/five');
    mkdirSync(join(root, 'shared'));
    mkdirSync(join(root, 'data'));
    const names = (await problemsOf({}, yaml(content))).map((problem) => problem.split(': ')[0]);
    expect(names).toEqual([
      'codex.sandbox.security.seccompProfile',
      'codex.sandbox.extraMounts.0.source',
      'codex.sandbox.extraMounts.1.target',
      'codex.sandbox.extraMounts.2.source',
      'codex.sandbox.extraMounts.3.source',
    ]);
    for (const [text, found] of [
      ['not JSON', /is not JSON/],
      ['{"defaultAction":"SCMP_ACT_ALLOW"}', /allows every system call/],
    ] as const) {
      writeFileSync(profile, text);
      expect((await problemsOf({}, yaml(content)))[0]).toMatch(found);
    }
    writeFileSync(profile, '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[]}');
    expect((await problemsOf({}, yaml(content)))[0]).toMatch(/extraMounts/);
  });

  it('names directories, files and addresses that cannot be had', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    const shared = join(root, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o1777);
    expect(
      await problemsOf({
        DATA_DIR: file,
        RISOLUTO_WORKSPACES_DIR: join(file, 'below'),
        RISOLUTO_BIND: '203.0.113.7',
      }),
    ).toEqual([
      'DATA_DIR: must be a directory',
      'RISOLUTO_WORKSPACES_DIR: cannot be used by this user (ENOTDIR)',
      'RISOLUTO_BIND: cannot be listened on, on this machine (EADDRNOTAVAIL)',
    ]);
    expect(await problemsOf({ DATA_DIR: shared })).toEqual([
      expect.stringMatching(/^DATA_DIR: must be a directory of its own/),
    ]);
    expect(await problemsOf({ MASTER_KEY_FILE: join(root, 'missing') })).toEqual([
      'MASTER_KEY_FILE: the file cannot be read (ENOENT)',
    ]);
    expect(await problemsOf({}, ['--file', join(root, 'missing.yaml')])).toEqual([
      expect.stringMatching(/missing\.yaml: cannot be read \(ENOENT\)$/),
    ]);
  });

  it('warns of what starts and should not stay, and ends with 0', async () => {
    const { MASTER_KEY_FILE: _file, ...locked } = env;
    const result = await risoluto(['config', 'check'], {
      env: { ...locked, RISOLUTO_BIND: '0.0.0.0', RISOLUTO_READ_TOKEN: CANARY.slice(0, 6) },
    });
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(
      /^warning: LISTENING ON 0\.0\.0\.0 WITHOUT RISOLUTO_WRITE_TOKEN/m,
    );
    expect(result.stdout).toMatch(/^warning: RISOLUTO_READ_TOKEN is short/m);
    expect(result.stdout).toMatch(/^warning: MASTER_KEY, MASTER_KEY_FILE: neither is set/m);
    expect(result.stdout).not.toContain(CANARY.slice(0, 6));
  });
});

describe('risoluto config show', () => {
  it('shows what the service answers, and that a secret is set', async () => {
    const service = await startService({
      env: { RISOLUTO_WRITE_TOKEN: CANARY, MASTER_KEY: CANARY },
    });
    try {
      const answer = await service.api('GET', '/api/v1/config');
      // What only a running service knows: overlays, and what the file was at its start.
      const { sources, pending, setAside, ...effective } = answer.body;
      expect([pending.keys, setAside, Object.keys(sources).length > 10]).toEqual([[], null, true]);
      const json = await risoluto(['config', 'show', '--json'], { env: service.env });
      expect(JSON.parse(json.stdout)).toEqual(effective);
      const text = await risoluto(['config', 'show'], { env: service.env });
      expect(parse(text.stdout)).toEqual(effective);
      expect(text.stdout + json.stdout).not.toContain(CANARY);
      expect(text.stdout).toContain('[REDACTED]');
    } finally {
      await service.stop();
    }
  });

  it('refuses to show what is wrong', async () => {
    const result = await config(['show'], { RISOLUTO_PORT: 'seven' });
    expect([result.code, result.stdout]).toEqual([120, '']);
    expect(result.stderr).toContain('RISOLUTO_PORT: must be a whole number');
  });
});

describe('risoluto config set', () => {
  const file = () => join(root, 'risoluto.yaml');

  it('sets a key, keeps the file’s mode, and says whether that changed anything', async () => {
    chmodSync(file(), 0o640);
    const first = await config(['set', 'runs.maxConcurrent', '5']);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toBe(`runs.maxConcurrent is set in ${file()}\n`);
    expect(readFileSync(file(), 'utf8')).toBe('runs:\n  maxConcurrent: 5\n');
    expect(statSync(file()).mode & 0o777).toBe(0o640);
    const again = await config(['set', 'runs.maxConcurrent', '5', '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ file: file(), changed: false });
  });

  it('makes the file where there is none', async () => {
    const made = join(root, 'made/risoluto.yaml');
    expect((await config(['set', 'rateLimits.api.limit', '100', '--file', made])).code).toBe(0);
    expect(parse(readFileSync(made, 'utf8'))).toEqual({ rateLimits: { api: { limit: 100 } } });
  });

  it.each([
    ['runs.maxConcurrent', 'many', 'runs.maxConcurrent'],
    ['runs.maxConcurent', '2', 'did you mean runs.maxConcurrent?'],
    ['runs.maxConcurrent.x', '2', 'holds no keys'],
  ])('refuses what the service would not start with: %s %s', async (key, value, told) => {
    const before = readFileSync(file(), 'utf8');
    const refused = await config(['set', key, value]);
    expect(refused).toMatchObject({ code: 120, stdout: '' });
    expect(refused.stderr).toContain(told);
    expect(readFileSync(file(), 'utf8')).toBe(before);
    expect(readdirSync(root).filter((name) => name.startsWith('risoluto.yaml'))).toHaveLength(1);
  });
});
