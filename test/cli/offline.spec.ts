import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { SEED, sized } from '../support/long-form.js';
import { freePort } from '../support/service-home.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel, queryStored, storedValues } from '../support/stored.js';
import { CliProcess, risoluto, type CliText } from './risoluto.js';

// Without the service each command loads the database's modules, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const MASTER_KEY = 'the key of the offline commands';
const KILLS = sized(3, 150);
const ACTOR = `cli:${userInfo().username}`;

let service: RunningService;

/** Has been used, and is down unless a test starts it. */
beforeAll(async () => {
  service = await startService({ env: { MASTER_KEY } });
  await service.terminate();
});
afterAll(() => service.stop());

type Environment = Record<string, string>;

/** As an operator's shell has it who starts the service. */
function offline(args: string[], input = '', env: Environment = service.env): Promise<CliText> {
  return risoluto(args, { env, input }, 120_000);
}

function values(): Promise<Map<string, string>> {
  return storedValues(service.dataDir, MASTER_KEY);
}

async function rows(): Promise<{ seq: number; actor: string; action: string; target: string }[]> {
  return queryStored(
    service.dataDir,
    'SELECT seq, actor, action, target FROM audit_rows ORDER BY seq',
  );
}

async function expectWhole(): Promise<void> {
  const verified = await offline(['audit', 'verify', '--json']);
  expect([verified.code, JSON.parse(verified.stdout)]).toEqual([
    0,
    { ok: true, checked: (await rows()).length, firstBroken: null },
  ]);
  await expectLogLevel(service.dataDir);
}

describe('while the service is down', () => {
  it('a secret is stored with its audit row and log line, and the service knows it afterwards', async () => {
    const before = (await rows()).length;
    const set = await offline(['secrets', 'set', 'OFFLINE'], 'stored-offline\n');
    expect(set).toMatchObject({ code: 0, stdout: 'OFFLINE is set\n' });
    expect(set.stderr).toContain(`the service is down: working in DATA_DIR ${service.dataDir}`);
    expect((await rows()).slice(before)).toEqual([
      { seq: before + 1, actor: ACTOR, action: 'secret.set', target: 'OFFLINE' },
    ]);
    await expectLogLevel(service.dataDir);

    await service.start();
    try {
      const verified = await service.api('GET', '/api/v1/audit/verify?full=true');
      expect(verified.body).toMatchObject({ ok: true, firstBroken: null });
      const { body } = await service.api('GET', '/api/v1/secrets');
      expect(body.secrets).toMatchObject([{ key: 'OFFLINE', version: 1, updatedBy: ACTOR }]);
      expect((await values()).get('OFFLINE')).toBe('stored-offline');
      await service.api('PUT', '/api/v1/secrets/OFFLINE', { body: { value: 'stored-online' } });
    } finally {
      await service.terminate();
    }
    const list = await offline(['secrets', 'list', '--json']);
    expect(JSON.parse(list.stdout).secrets).toMatchObject([
      { key: 'OFFLINE', version: 2, updatedBy: 'loopback' },
    ]);
    expect((await offline(['secrets', 'delete', 'OFFLINE'])).code).toBe(0);
    expect((await values()).has('OFFLINE')).toBe(false);
    expect(await offline(['secrets', 'delete', 'OFFLINE'])).toMatchObject({
      code: 121,
      stderr: expect.stringContaining('secret_not_found'),
    });
    await expectWhole();
  });

  it('commands of the same moment wait for each other', async () => {
    const before = (await rows()).length;
    const names = ['A', 'B', 'C'];
    const results = await Promise.all(
      names.map((name) => offline(['secrets', 'set', `TOGETHER_${name}`], `value-${name}`)),
    );
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    const stored = await values();
    for (const name of names) expect(stored.get(`TOGETHER_${name}`)).toBe(`value-${name}`);
    expect((await rows()).length).toBe(before + names.length);
    await expectWhole();
  });

  it('a wrong master key changes nothing and is told', async () => {
    const before = (await rows()).length;
    const env = { ...service.env, MASTER_KEY: 'another key' };
    const result = await offline(['secrets', 'set', 'WRONG'], 'value', env);
    expect([result.code, result.stdout]).toEqual([121, '']);
    expect(result.stderr).toContain('MASTER_KEY is not the key');
    expect(result.stderr).not.toContain('another key');
    expect((await rows()).length).toBe(before);
  });

  it('without a master key it says what to set; the audit needs none', async () => {
    const { MASTER_KEY: _key, ...env } = service.env;
    const result = await offline(['secrets', 'set', 'LOCKED'], 'value', env);
    expect(result.code).toBe(121);
    expect(result.stderr).toMatch(/secrets_locked.*\n.*set MASTER_KEY_FILE \(or MASTER_KEY\)/);
    expect((await values()).has('LOCKED')).toBe(false);
    expect((await offline(['audit', 'verify'], '', env)).code).toBe(0);
    expect((await offline(['audit', 'list', '--limit', '1'], '', env)).stdout).toContain(
      'secret.set',
    );
  });

  it('a wrong configuration is told, all of it', async () => {
    const env = { ...service.env, RISOLUTO_LOG_LEVEL: 'loud', RISOLUTO_BIND: 'nowhere' };
    const result = await offline(['secrets', 'list'], '', env);
    expect(result.code).toBe(120);
    expect(result.stderr).toMatch(/RISOLUTO_BIND: must be[^]*RISOLUTO_LOG_LEVEL: must be/);
  });

  it('an address that was given is the only place where it works', async () => {
    const before = (await rows()).length;
    const url = `http://127.0.0.1:${await freePort()}`;
    for (const [args, env] of [
      [['--url', url], service.env],
      [[], { ...service.env, RISOLUTO_URL: url }],
    ] as const) {
      const result = await offline(['secrets', 'set', 'ELSEWHERE', ...args], 'value', env);
      expect([result.code, result.stdout]).toEqual([123, '']);
      expect(result.stderr).toContain('ECONNREFUSED');
    }
    expect((await rows()).length).toBe(before);
  });

  it('a directory that no service has used stays as it is', async () => {
    const root = mkdtempSync(join(tmpdir(), 'risoluto-unused-'));
    try {
      for (const dataDir of [join(root, 'missing'), root]) {
        const env = { ...service.env, DATA_DIR: dataDir };
        const result = await offline(['secrets', 'set', 'NOWHERE'], 'value', env);
        expect([result.code, result.stderr]).toEqual([
          121,
          expect.stringContaining(`no service has used DATA_DIR ${dataDir} yet`),
        ]);
      }
      expect(readdirSync(root)).toEqual([]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('another user’s directory stays that user’s', async () => {
    const file = join(service.dataDir, 'risoluto.db');
    chownSync(file, 12_345, 12_345);
    try {
      const result = await offline(['secrets', 'set', 'FOREIGN'], 'value');
      expect([result.code, result.stderr]).toEqual([
        121,
        expect.stringContaining('belongs to the user with id 12345'),
      ]);
    } finally {
      chownSync(file, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    }
    expect((await values()).has('FOREIGN')).toBe(false);
    expect((await offline(['secrets', 'list'])).code).toBe(0);
  });

  it('a database that is no database is told, and nothing else is made of it', async () => {
    const root = mkdtempSync(join(tmpdir(), 'risoluto-odd-'));
    try {
      mkdirSync(join(root, 'risoluto.db'));
      const result = await offline(['audit', 'verify'], '', { ...service.env, DATA_DIR: root });
      expect([result.code, result.stderr]).toEqual([
        121,
        expect.stringContaining('cannot be opened'),
      ]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe('while the service is up at another address', () => {
  it('the command names the process that holds the directory, and changes nothing', async () => {
    await service.start();
    try {
      const env = { ...service.env, RISOLUTO_PORT: String(await freePort()) };
      const result = await offline(['secrets', 'set', 'HELD'], 'value', env);
      expect([result.code, result.stdout]).toEqual([123, '']);
      expect(result.stderr).toMatch(
        new RegExp(
          `nothing answers at http://\\S+, but DATA_DIR .* in use by .* ${service.pid} \\(`,
        ),
      );
      expect((await values()).has('HELD')).toBe(false);
    } finally {
      await service.terminate();
    }
  });
});

describe('while the service starts', () => {
  it('the command waits for it or is done before', async () => {
    await service.start();
    const starting = service.restart();
    const result = await offline(['secrets', 'set', 'MEANWHILE'], 'value');
    await starting.catch(() => service.start());
    try {
      expect(result.code).toBe(0);
      const { body } = await service.api('GET', '/api/v1/secrets');
      expect(body.keys).toContain('MEANWHILE');
    } finally {
      await service.terminate();
    }
  });
});

/** Reproducible numbers, so that a failure can be tried again. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

describe('a command that is killed while it works', () => {
  it(
    `leaves all of its change or nothing, and a whole trail, ${KILLS} times`,
    async () => {
      console.log(`TEST_SEED=${SEED}`);
      const random = randomNumbers(SEED);
      const longestMs = await workingTime();
      const fates = { kept: 0, lost: 0 };
      for (let round = 0; round < KILLS; round++) {
        const name = `KILLED_${round}`;
        const before = (await rows()).length;
        const process = startSet(name, `value-${round}`);
        await workBegins(process);
        // The first is killed before it can have stored anything, the second when it has said so.
        if (round === 1) await process.untilShown('is set');
        else await sleep(round === 0 ? 0 : random() * longestMs);
        process.kill('SIGKILL');
        const { stdout } = await process.ended();

        const stored = (await values()).get(name);
        const added = (await rows()).slice(before).map(({ action, target }) => [action, target]);
        if (stored === undefined) {
          fates.lost++;
          expect([stdout.toString(), added]).toEqual(['', []]);
        } else {
          fates.kept++;
          expect([stored, added]).toEqual([`value-${round}`, [['secret.set', name]]]);
        }
        await expectWhole();
      }
      console.log(`kept ${fates.kept}, lost ${fates.lost}`);
      expect(Math.min(fates.kept, fates.lost)).toBeGreaterThan(0);
    },
    KILLS * 60_000,
  );
});

function startSet(name: string, value: string): CliProcess {
  return new CliProcess(['secrets', 'set', name], { env: service.env, input: value });
}

/** It has opened the database: an ended command leaves no journal behind. */
async function workBegins(process: CliProcess): Promise<void> {
  const journal = join(service.dataDir, 'risoluto.db-wal');
  while (!existsSync(journal) && process.child.exitCode === null) await sleep(5);
}

/** How long one that nobody kills works in the directory, now. */
async function workingTime(): Promise<number> {
  const process = startSet('TIMED', 'value');
  await workBegins(process);
  const start = performance.now();
  await process.ended(120_000);
  return performance.now() - start;
}
