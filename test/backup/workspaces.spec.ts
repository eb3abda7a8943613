import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { CliProcess, risoluto, type CliText } from '../cli/risoluto.js';
import { UNLIMITED, cancelRun, setSecret, sh, untilPrinted } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { tarGz } from '../workspaces/tar-bytes.js';
import { entriesOf, replaced, resealed, writeArchive } from './archives.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 180_000 });

const MASTER_KEY = 'the key of the backup of workspaces';
const INCOMPLETE = 118;
/** Links, modes, times, names outside ASCII, a file of many bytes. */
const FILES = [
  'mkdir -p "dir/ünïcode ☃" && cd dir',
  'printf "%s" content >"ünïcode ☃/naïve\nfile" && printf x >mode && chmod 0751 mode',
  'ln -s mode link && ln -s nowhere dangling && ln mode twin && touch -d @1700000000 mode',
  'seq 200000 >numbers && mkdir empty && chmod 0700 empty',
].join(' && ');
/** What a reader inside sees of them: kind, mode, size, time, target, content. */
const LOOK =
  'cd dir && find . -not -name . -printf "%y %m %l %P\\0" | sort -z | tr "\\0\\n" "\\n?"; ' +
  'stat -c "%Y %h" mode; sha256sum numbers "ünïcode ☃"/*; id -un; stat -c %U mode';

let root: string;
let source: RunningService;
/** Made of the backup. */
let target: RunningService;
let file: string;
let seen: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'risoluto-workspaces-backup-'));
  file = join(root, 'backup.tar.gz');
  source = await startService({ env: { MASTER_KEY }, yaml: { ...UNLIMITED } });
  await runToEnd(source, { issue: 'WS-1', command: sh(FILES) });
  const looked = await runToEnd(source, { issue: 'WS-1', command: sh(LOOK) });
  seen = looked.stdout;
  await runToEnd(source, { issue: 'a_b.C-2', command: sh('echo two >f; echo cache >~/in-home') });
});
afterAll(async () => {
  await Promise.all([source?.stop(), target?.stop()]);
  rmSync(root, { recursive: true, force: true });
});

function backup(to: string, ...options: string[]): Promise<CliText> {
  const args = ['backup', '--workspaces', to, '--json', ...options];
  return risoluto(args, { env: source.env }, 120_000);
}

function put(from: string, ...options: string[]): Promise<CliText> {
  const args = ['workspaces', 'restore', from, '--json', ...options];
  return risoluto(args, { env: target.env }, 120_000);
}

async function issuesOf(service: RunningService): Promise<string[]> {
  const { body } = await service.api('GET', '/api/v1/workspaces');
  return (body.items as { issue: string }[]).map(({ issue }) => issue);
}

async function textIn(issue: string): Promise<string> {
  return (await runToEnd(target, { issue, command: sh('cat f') })).stdout;
}

describe('a backup with workspaces', () => {
  it('has something to keep', () => {
    expect(seen).toContain('l 777 nowhere dangling');
    expect(seen).toMatch(/^1700000000 2$/m);
  });

  it('waits for one in use, then leaves it out, says so everywhere, and keeps the rest', async () => {
    const busy = await createRun(source, { issue: 'BUSY-1', command: sh('echo up; sleep 600') });
    await untilPrinted(source, busy, 'up');
    const partial = join(root, 'partial.tar.gz');
    const began = performance.now();
    const done = await backup(partial, '--wait', '2');
    expect(done.code, done.stderr).toBe(INCOMPLETE);
    expect(performance.now() - began).toBeGreaterThan(2000);
    const leftOut = [{ issue: 'BUSY-1', reason: 'workspace_busy' }];
    expect(JSON.parse(done.stdout)).toMatchObject({ workspaces: { stored: 2, leftOut } });
    expect(done.stderr).toContain('the workspace of BUSY-1 is not in it (workspace_busy)');
    const manifest = (await entriesOf(partial)).find(({ header }) => header.name === MANIFEST);
    expect(JSON.parse(String(manifest?.content))).toMatchObject({
      format: 2,
      workspaces: { stored: 2, leftOut },
    });

    // One that is free again in time is in it.
    const waiting = new CliProcess(['backup', '--workspaces', file, '--wait', '100'], {
      env: source.env,
      input: '',
    });
    await until('the backup to wait', () => (staged().length > 0 ? true : null));
    await cancelRun(source, busy);
    await finishRun(source, busy);
    const { code, stdout, stderr } = await waiting.ended(120_000);
    expect([code, stderr.toString()]).toEqual([0, '']);
    expect(stdout.toString()).toContain('3 workspaces');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(staged()).toEqual([]);
  });

  it('has a tar.gz of each issue, without HOME', async () => {
    const entries = await entriesOf(file);
    const members = entries.filter(({ header }) => header.name.startsWith('workspaces/'));
    expect(members.map(({ header }) => header.name).sort()).toEqual(
      ['BUSY-1', 'WS-1', 'a_b.C-2'].map((issue) => `workspaces/${issue}.tar.gz`).sort(),
    );
    const two = members.find(({ header }) => header.name.includes('a_b.C-2'));
    const listed = spawnSync('tar', ['-tzf', '-'], { input: two?.content });
    expect(listed.stdout.toString()).toMatch(/^\.\/f$/m);
    expect(listed.stdout.toString()).not.toContain('in-home');
  });

  it('is refused where the service is another’s, is away, or --wait stands alone', async () => {
    const to = join(root, 'refused.tar.gz');
    const other = await startService({ yaml: { ...UNLIMITED } });
    await setSecret(other, 'OTHER', 'x');
    const mixed = await risoluto(['backup', '--workspaces', '--url', other.url, to], {
      env: source.env,
    });
    await other.stop();
    expect([mixed.code, mixed.stderr]).toEqual([121, expect.stringContaining('trails differ')]);
    const away = await risoluto(['backup', '--workspaces', to], {
      env: { ...source.env, RISOLUTO_PORT: '9' },
    });
    expect(away.code, away.stderr).toBe(123);
    const alone = await risoluto(['backup', '--wait', '1', to], { env: source.env });
    expect(alone.code, alone.stderr).toBe(120);
    expect(readdirSync(root).filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  it('that is killed or interrupted leaves nothing that the next does not remove', async () => {
    const busy = await createRun(source, { issue: 'BUSY-1', command: sh('echo up; sleep 600') });
    await untilPrinted(source, busy, 'up');
    const to = join(root, 'killed.tar.gz');
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const cut = new CliProcess(['backup', '--workspaces', to], { env: source.env });
      await until('the backup to be in its middle', () => (staged().length > 0 ? true : null));
      cut.kill(signal);
      const { code } = await cut.ended();
      expect([code, staged().length]).toEqual(signal === 'SIGTERM' ? [130, 0] : [null, 1]);
    }
    await cancelRun(source, busy);
    await finishRun(source, busy);
    const done = await backup(to);
    expect(done.code, done.stderr).toBe(0);
    expect(staged()).toEqual([]);
  });
});

const MANIFEST = 'manifest.json';

function staged(): string[] {
  return readdirSync(root).filter((name) => name.includes('.part-'));
}

describe('the workspaces of a backup', () => {
  it('stay in the file at a restore, which says how many and what is next', async () => {
    const dataDir = join(root, 'restored');
    const env = {
      ...source.env,
      DATA_DIR: dataDir,
      RISOLUTO_WORKSPACES_DIR: `${dataDir}-workspaces`,
      RISOLUTO_PORT: '9',
    };
    const done = await risoluto(['restore', file], { env }, 120_000);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain(
      `3 workspaces are still in the file: start the service, then risoluto workspaces restore ${file}`,
    );
    expect(readdirSync(dataDir)).not.toContain('workspaces');
    target = await startService({ env: { MASTER_KEY }, dataDir, yaml: { ...UNLIMITED } });
  });

  it('come back into the second service as they were, each in its audit trail', async () => {
    expect(await issuesOf(target)).toEqual([]);
    const done = await put(file);
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toEqual({
      restored: ['BUSY-1', 'WS-1', 'a_b.C-2'],
      kept: [],
      failed: [],
      leftOut: [],
    });
    const looked = await runToEnd(target, { issue: 'WS-1', command: sh(LOOK) });
    expect(looked.stdout).toBe(seen);
    expect(await textIn('a_b.C-2')).toBe('two\n');
    const { body } = await target.api('GET', '/api/v1/audit?action=workspace.uploaded&limit=3');
    const targets = (body.items as { target: string }[]).map(({ target: issue }) => issue);
    expect(targets.sort()).toEqual(['BUSY-1', 'WS-1', 'a_b.C-2']);
    const verified = await target.api('GET', '/api/v1/audit/verify?full=true');
    expect(verified.body).toMatchObject({ ok: true });
  });

  it('leave what an issue has alone, but for --replace, and only of the issues asked for', async () => {
    await runToEnd(target, { issue: 'a_b.C-2', command: sh('echo newer >f') });
    const kept = await put(file, '--issue', 'a_b.C-2');
    expect([kept.code, JSON.parse(kept.stdout)]).toMatchObject([
      0,
      { restored: [], kept: ['a_b.C-2'] },
    ]);
    expect(kept.stderr).toContain('--replace');
    expect(await textIn('a_b.C-2')).toBe('newer\n');
    const replacing = await put(file, '--issue', 'a_b.C-2', '--replace');
    expect(JSON.parse(replacing.stdout)).toMatchObject({ restored: ['a_b.C-2'], kept: [] });
    expect(await textIn('a_b.C-2')).toBe('two\n');
    const none = await put(file, '--issue', 'NONE-1');
    expect([none.code, none.stderr]).toEqual([121, expect.stringContaining('NONE-1')]);
  });

  it('are not begun with where one of them is damaged', async () => {
    const damaged = join(root, 'damaged.tar.gz');
    // The last of them, so that those before it would have been sent.
    await writeArchive(
      damaged,
      replaced(await entriesOf(file), 'workspaces/a_b.C-2.tar.gz', (content) => {
        const changed = Buffer.from(content);
        changed[20] = (changed[20] ?? 0) ^ 1;
        return changed;
      }),
    );
    await target.api('DELETE', '/api/v1/workspaces/WS-1');
    const done = await put(damaged, '--replace');
    expect([done.code, done.stderr]).toEqual([121, expect.stringContaining('a_b.C-2.tar.gz is')]);
    expect(await issuesOf(target)).toEqual(['BUSY-1', 'a_b.C-2']);
  });

  it('are refused by the service where they are hostile, and the others are restored', async () => {
    const hostile = join(root, 'hostile.tar.gz');
    const outside = join(root, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'kept'), 'kept');
    const bytes = tarGz({ name: `../../../../..${outside}/kept`, body: 'gone' });
    const changed = replaced(await entriesOf(file), 'workspaces/BUSY-1.tar.gz', () => bytes);
    await writeArchive(hostile, resealed(changed));
    const done = await put(hostile, '--replace');
    expect(done.code, done.stderr).toBe(INCOMPLETE);
    expect(JSON.parse(done.stdout)).toMatchObject({
      restored: ['WS-1', 'a_b.C-2'],
      failed: [{ issue: 'BUSY-1', code: 'archive_refused' }],
    });
    expect(done.stderr).toContain('the workspace of BUSY-1 is not restored: archive_refused');
    expect(readdirSync(outside)).toEqual(['kept']);
    expect((await runToEnd(target, { issue: 'WS-1', command: sh(LOOK) })).stdout).toBe(seen);
  });

  it('wait for one in use, and leave it alone when the time is over', async () => {
    const busy = await createRun(target, { issue: 'BUSY-1', command: sh('echo up; sleep 600') });
    await untilPrinted(target, busy, 'up');
    const late = await put(file, '--replace', '--issue', 'BUSY-1', '--wait', '0');
    expect([late.code, JSON.parse(late.stdout)]).toMatchObject([
      INCOMPLETE,
      { failed: [{ issue: 'BUSY-1', code: 'workspace_busy' }] },
    ]);
    const waiting = put(file, '--replace', '--issue', 'BUSY-1');
    await cancelRun(target, busy);
    await finishRun(target, busy);
    expect(JSON.parse((await waiting).stdout)).toMatchObject({ restored: ['BUSY-1'] });
  });

  it('are listed and deleted from the command line', async () => {
    const { env } = target;
    const listed = await risoluto(['workspaces', 'list', '--json'], { env });
    const { items } = JSON.parse(listed.stdout) as { items: { issue: string }[] };
    expect(items.map(({ issue }) => issue)).toEqual(['BUSY-1', 'WS-1', 'a_b.C-2']);
    expect((await risoluto(['workspaces', 'list'], { env })).stdout).toMatch(
      /^ISSUE +BYTES +MEASURED AT\nBUSY-1 /,
    );
    expect((await risoluto(['workspaces', 'delete', 'WS-1'], { env })).code).toBe(0);
    expect(await issuesOf(target)).toEqual(['BUSY-1', 'a_b.C-2']);
    const again = await risoluto(['workspaces', 'delete', 'WS-1'], { env });
    expect([again.code, again.stderr]).toEqual([121, expect.stringContaining('not_found')]);
    expect((await risoluto(['workspaces', 'delete', '../x'], { env })).code).toBe(120);
  });
});
