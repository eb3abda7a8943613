import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { CliProcess, risoluto, type CliText } from '../cli/risoluto.js';
import { UNLIMITED, sh, showRun, untilPrinted } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { executeBeside } from '../support/audited-database.js';
import { SEED, sized } from '../support/long-form.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { freePort } from '../support/service-home.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel, queryStored, storedValues } from '../support/stored.js';
import {
  entriesOf,
  replaced,
  resealed,
  saysTheSame,
  writeArchive,
  type ArchiveEntry,
} from './archives.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 180_000 });

const MASTER_KEY = 'c4n4ry-the-key-of-the-backup';
const KILLS = sized(2, 100);
const IDEMPOTENT = { headers: { 'idempotency-key': 'of-the-queued-run' } };
const QUEUED = { issue: 'BK-3', command: ['true'] };

let root: string;
/** Where nothing listens, so that a command works in the directory itself. */
let port = '';
let source: RunningService;
let file: string;
let entries: ArchiveEntry[];
const runs = { finished: '', running: '', queued: '' };
/** Values that were acknowledged before the backup began. */
const acknowledged = new Map<string, string>();

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'risoluto-backup-'));
  port = String(await freePort());
  source = await startService({
    env: { MASTER_KEY },
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 1 } },
  });
  await source.terminate();
  // As quickstart writes it: a master key and an environment file among the service's own.
  writeFileSync(join(source.dataDir, 'master.key'), `${MASTER_KEY}\n`, { mode: 0o600 });
  writeFileSync(join(source.dataDir, '.env'), `MASTER_KEY=${MASTER_KEY}\n`, { mode: 0o600 });
  await source.start();
  file = join(root, 'backup.tar.gz');
  const { id } = await runToEnd(source, { issue: 'BK-1', command: sh('echo whole; echo output') });
  runs.finished = id;
  runs.running = await createRun(source, {
    issue: 'BK-2',
    command: sh('echo begun; until [ -e stop ]; do sleep 0.1; done; echo ended; exit 7'),
  });
  await untilPrinted(source, runs.running, 'begun');
  runs.queued = await createRun(source, QUEUED, IDEMPOTENT);
});
afterAll(async () => {
  await source?.stop();
  rmSync(root, { recursive: true, force: true });
});

function backup(target: string, env: Record<string, string> = source.env): Promise<CliText> {
  return risoluto(['backup', target, '--json'], { env }, 120_000);
}

function restoreEnv(dataDir: string): Record<string, string> {
  return {
    ...source.env,
    DATA_DIR: dataDir,
    RISOLUTO_WORKSPACES_DIR: `${dataDir}-workspaces`,
    RISOLUTO_PORT: port,
  };
}

function restore(archive: string, dataDir: string, ...options: string[]): Promise<CliText> {
  const args = ['restore', archive, '--json', ...options];
  return risoluto(args, { env: restoreEnv(dataDir) }, 120_000);
}

function place(name: string): string {
  return join(root, name);
}

/** What the refused restore left: nothing beside what was there. */
async function expectRefused(archive: string, dataDir: string, why: RegExp): Promise<void> {
  const result = await restore(archive, dataDir);
  expect([result.code, result.stdout], result.stderr).toEqual([121, '']);
  expect(result.stderr).toMatch(why);
  const names = readdirSync(root).filter((name) => name.startsWith('refused'));
  expect(names).toEqual([]);
}

describe('a backup of a running service', () => {
  it('is one file of the owner’s, taken while secrets are being written', async () => {
    const writing = { on: true };
    let backingUp = false;
    const writers = [0, 1, 2, 3].map(async (writer) => {
      for (let n = 0; writing.on; n++) {
        const key = `W${writer}_${n}`;
        const answer = await source.api('PUT', `/api/v1/secrets/${key}`, { body: { value: key } });
        expect(answer.status, answer.text).toBe(204);
        if (!backingUp) acknowledged.set(key, key);
      }
    });
    await until('some secrets to be stored', () => (acknowledged.size >= 10 ? true : null));
    backingUp = true;
    const result = await backup(file);
    writing.on = false;
    await Promise.all(writers);
    expect(result, result.stderr).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toMatchObject({
      file,
      runs: { finished: 1, unfinished: 2, withOutput: 2 },
    });
    expect(acknowledged.size).toBeGreaterThanOrEqual(10);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(root)).toEqual(['backup.tar.gz']);
    expect((await showRun(source, runs.running)).status).toBe('running');
  });

  it('holds what a restore needs, and neither the master key nor the lock', async () => {
    entries = await entriesOf(file);
    expect(entries.map(({ header }) => header.name).sort()).toEqual(
      [
        'audit.head',
        'audit.key',
        'manifest.json',
        `output/${runs.finished}.ndjson`,
        `output/${runs.running}.ndjson`,
        'risoluto.db',
        'secrets.audit.log',
      ].sort(),
    );
    const bytes = Buffer.concat(entries.map(({ content }) => content));
    expect(bytes.includes(MASTER_KEY)).toBe(false);
    // The search finds what is there.
    expect(bytes.includes(readFileSync(join(source.dataDir, 'audit.key'), 'utf8').trim())).toBe(
      true,
    );
  });

  it('overwrites nothing, and lies outside the data directory', async () => {
    const kept = readFileSync(file);
    expect((await backup(file)).stderr).toContain('exists: nothing is overwritten');
    expect(readFileSync(file)).toEqual(kept);
    const inside = await backup(join(source.dataDir, 'backup.tar.gz'));
    expect([inside.code, inside.stderr]).toEqual([121, expect.stringContaining('DATA_DIR itself')]);
    const { MASTER_KEY: _, ...rest } = source.env;
    const env = { ...rest, MASTER_KEY_FILE: join(source.dataDir, 'audit.key') };
    expect((await backup(place('keyed'), env)).stderr).toContain('MASTER_KEY_FILE bears a name');
    expect(readdirSync(root)).toEqual(['backup.tar.gz']);
  });
});

describe('a restored service', () => {
  let restored: RunningService;

  afterAll(() => restored?.stop());

  it('starts, and the command has said what became of it', async () => {
    const dataDir = place('restored');
    const result = await restore(file, dataDir);
    expect(result.code, result.stderr).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({
      dataDir,
      formerInstanceId: readFileSync(join(source.dataDir, 'instance-id'), 'utf8').trim(),
      runsEnded: 2,
      audit: { ok: true },
    });
    restored = await startService({ env: { MASTER_KEY }, dataDir });
  });

  it('has the secrets, under the same key, and a whole trail that goes on', async () => {
    const values = await storedValues(restored.dataDir, MASTER_KEY);
    expect(acknowledged.size).toBeGreaterThan(3);
    for (const [key, value] of acknowledged) expect(values.get(key)).toBe(value);
    const top = 'SELECT MAX(seq) AS seq FROM audit_rows';
    const [before] = await queryStored<{ seq: number }>(restored.dataDir, top);
    const put = await restored.api('PUT', '/api/v1/secrets/AFTER', { body: { value: 'x' } });
    expect(put.status).toBe(204);
    const { body } = await restored.api('GET', '/api/v1/audit?action=backup.restored');
    expect(body.items).toHaveLength(1);
    const verified = await restored.api('GET', '/api/v1/audit/verify?full=true');
    expect(verified.body).toEqual({
      ok: true,
      checked: Number(before?.seq) + 1,
      firstBroken: null,
    });
    await expectLogLevel(restored.dataDir);
  });

  it('runs nothing again: what had not finished is lost, what had has its output', async () => {
    for (const id of [runs.running, runs.queued]) {
      expect(await showRun(restored, id)).toMatchObject({
        status: 'lost',
        reason: 'restored_from_backup',
      });
    }
    const again = await restored.api('POST', '/api/v1/runs', { ...IDEMPOTENT, body: QUEUED });
    expect([again.status, again.body.id]).toEqual([202, runs.queued]);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(await finishRun(restored, runs.finished)).toMatchObject({
      status: 'succeeded',
      stdout: 'whole\noutput\n',
    });
    expect((await finishRun(restored, runs.running)).stdout).toBe('begun\n');
    const next = await runToEnd(restored, { issue: 'BK-4', command: ['echo', 'new'] });
    expect([next.stdout, next.id > runs.queued]).toEqual(['new\n', true]);
  });

  it('leaves what the former instance still runs alone', async () => {
    const ids = [source, restored].map(({ dataDir }) =>
      readFileSync(join(dataDir, 'instance-id'), 'utf8').trim(),
    );
    expect(new Set(ids).size).toBe(2);
    writeFileSync(join(source.workspacesDir, 'BK-2', 'stop'), '');
    expect(await finishRun(source, runs.running)).toMatchObject({
      status: 'failed',
      exitCode: 7,
      stdout: 'begun\nended\n',
    });
    expect((await finishRun(source, runs.queued)).status).toBe('succeeded');
    const { body } = await source.api('GET', '/api/v1/audit/verify?full=true');
    expect(body).toMatchObject({ ok: true });
  });
});

describe('a restore refuses', () => {
  it('a directory that is not empty, and changes nothing in it', async () => {
    const dataDir = place('taken');
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'something'), 'x');
    await expectRefused(file, dataDir, /not empty/);
    expect(readdirSync(dataDir)).toEqual(['something']);
    await expectRefused(file, source.dataDir, /not empty/);
  });

  it('a file that was cut short anywhere, or has a byte that is not what it was', async () => {
    console.log(`seed ${SEED}`);
    const whole = readFileSync(file);
    const broken = place('broken.tar.gz');
    for (let n = 1; n <= sized(2, 60); n++) {
      const at = 20 + ((SEED * n * 7919) % (whole.length - 40));
      writeFileSync(broken, whole.subarray(0, at));
      await expectRefused(broken, place('refused'), /no whole backup/);
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      if (saysTheSame(changed, whole)) continue;
      writeFileSync(broken, changed);
      await expectRefused(broken, place('refused'), /no whole backup/);
    }
  });

  it('a backup that holds more than ours', async () => {
    const archive = place('hostile.tar.gz');
    const more = { header: { name: '../refused-x' }, content: Buffer.from('x') };
    await writeArchive(archive, [more, ...entries]);
    await expectRefused(archive, place('refused'), /not ours/);
  });

  it('a database that was changed after it was made, unless told to take it; then verify tells', async () => {
    const database = place('tampered.db');
    const archive = place('tampered.tar.gz');
    const content = entries.find(({ header }) => header.name === 'risoluto.db')?.content;
    writeFileSync(database, content ?? '');
    await executeBeside(database, "UPDATE audit_rows SET actor = 'nobody' WHERE seq = 4");
    const changed = replaced(entries, 'risoluto.db', () => readFileSync(database));
    await writeArchive(archive, resealed(changed));
    await expectRefused(archive, place('refused'), /row 4: edited/);
    const taken = place('accepted');
    expect((await restore(archive, taken, '--accept-broken-audit')).code).toBe(0);
    const verified = await risoluto(['audit', 'verify', '--json'], { env: restoreEnv(taken) });
    expect([verified.code, JSON.parse(verified.stdout)]).toMatchObject([
      1,
      { ok: false, firstBroken: { seq: 4, reason: 'edited' } },
    ]);
  });
});

describe('kill -9', () => {
  it('in a backup harms nothing, and in a restore leaves all or nothing', async () => {
    console.log(`seed ${SEED}`);
    let cut = 0;
    for (let n = 1; n <= KILLS; n++) {
      const target = place(`killed-${n}.tar.gz`);
      const dataDir = place(`killed-${n}`);
      const wait = 250 + ((SEED * n * 104_729) % 900);
      const taking = new CliProcess(['backup', target], { env: source.env });
      await sleep(wait);
      taking.kill('SIGKILL');
      await taking.ended();
      const unpacking = new CliProcess(['restore', file], { env: restoreEnv(dataDir) });
      await sleep(wait * 2);
      unpacking.kill('SIGKILL');
      await unpacking.ended();
      const names = readdirSync(root);
      if (names.some((name) => name.includes('.part-') || name.includes('.restore-'))) cut += 1;
      if (names.includes(`killed-${n}.tar.gz`)) {
        expect((await restore(target, place(`whole-${n}`))).code).toBe(0);
      }
      if (!names.includes(`killed-${n}`)) expect((await restore(file, dataDir)).code).toBe(0);
      const env = restoreEnv(dataDir);
      expect((await risoluto(['audit', 'verify'], { env })).code).toBe(0);
      if (!names.includes(`killed-${n}.tar.gz`)) expect((await backup(target)).code).toBe(0);
      // What the killed ones left is removed by those that came after.
      const left = readdirSync(root).filter((name) => /\.(part|restore)-/.test(name));
      expect(left.filter((name) => name.startsWith(`killed-${n}.tar.gz.`))).toEqual([]);
    }
    console.log(`${cut} of ${KILLS} were cut in the middle`);
    const { body } = await source.api('GET', '/api/v1/audit/verify?full=true');
    expect(body).toMatchObject({ ok: true });
    expect((await source.api('PUT', '/api/v1/secrets/LAST', { body: { value: 'x' } })).status).toBe(
      204,
    );
  });
});
