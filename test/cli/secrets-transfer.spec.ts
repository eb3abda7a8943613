import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { setSecret, UNLIMITED } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { secretsFileOf06, valuesOfFileFor06 } from '../support/secrets-file-of-0-6.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel, queryStored, storedValues } from '../support/stored.js';
import { CliProcess, risoluto, type CliText } from './risoluto.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const MASTER_KEY = 'the key of the service';
const KEY_OF_06 = 'the key of an older Risoluto';
const REFUSED = 121;

let service: RunningService;
let scratch: string;
/** In the data directory, where a service with the file store reads it. */
let file: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'risoluto-transfer-'));
  service = await startService({ env: { MASTER_KEY }, yaml: { ...UNLIMITED } });
  file = join(service.dataDir, 'secrets.enc');
});
afterAll(async () => {
  await service.stop();
  rmSync(scratch, { recursive: true, force: true });
});

function transfer(...args: string[]): Promise<CliText> {
  return risoluto(['secrets', ...args], { env: service.env }, 120_000);
}

function stored(): Promise<Map<string, string>> {
  return storedValues(service.dataDir, MASTER_KEY);
}

async function setsOf(key: string): Promise<number> {
  const rows = await queryStored(
    service.dataDir,
    `SELECT seq FROM audit_rows WHERE action = 'secret.set' AND target = '${key}'`,
  );
  return rows.length;
}

async function expectWhole(): Promise<void> {
  expect((await risoluto(['audit', 'verify'], { env: service.env }, 120_000)).code).toBe(0);
  await expectLogLevel(service.dataDir);
}

/** What a killed export of the data directory's own file leaves. */
function drafts(): string[] {
  return readdirSync(service.dataDir).filter((name) => name.startsWith('secrets.enc.'));
}

describe('secrets export and import', () => {
  it('are refused while a service has the data directory', async () => {
    await setSecret(service, 'ONE', 'first');
    await setSecret(service, 'TWO', 'second');
    for (const args of [
      ['export', file],
      ['import', join(scratch, 'any')],
    ]) {
      writeFileSync(join(scratch, 'any'), secretsFileOf06(MASTER_KEY, { ONE: 'x' }));
      const refused = await transfer(...args);
      expect(refused).toMatchObject({ code: REFUSED, stdout: '' });
      expect(refused.stderr).toMatch(
        new RegExp(`in use by .* ${service.pid} .*\n.*stop the service`),
      );
    }
    expect(readdirSync(service.dataDir)).not.toContain('secrets.enc');
    await service.terminate();
  });

  it('carry the secrets from the database to the file and back', async () => {
    expect(await transfer('export', file)).toMatchObject({
      code: 0,
      stdout: `2 secret(s) written to ${file}\n`,
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(valuesOfFileFor06(MASTER_KEY, readFileSync(file, 'utf8'))).toEqual({
      ONE: 'first',
      TWO: 'second',
    });
    const again = await transfer('export', file);
    expect([again.code, again.stderr]).toEqual([REFUSED, expect.stringContaining('--overwrite')]);
    expect((await transfer('export', '--overwrite', file)).code).toBe(0);

    // A service of the file store has them, and changes one.
    service.env.RISOLUTO_SECRETS_STORE = 'file';
    await service.start();
    const { body } = await service.api('GET', '/api/v1/secrets');
    expect(body.keys).toEqual(['ONE', 'TWO']);
    await setSecret(service, 'TWO', 'changed');
    await service.terminate();
    const itself = await transfer('export', '--overwrite', file);
    expect([itself.code, itself.stderr]).toEqual([REFUSED, expect.stringContaining('is file')]);
    delete service.env.RISOLUTO_SECRETS_STORE;

    const conflict = await transfer('import', file);
    expect([conflict.code, conflict.stderr]).toEqual([REFUSED, expect.stringContaining('TWO')]);
    expect(Object.fromEntries(await stored())).toEqual({ ONE: 'first', TWO: 'second' });
    expect(await transfer('import', '--overwrite', file)).toMatchObject({
      code: 0,
      stdout: '1 secret(s) set, 1 had their value already\n',
    });
    expect(Object.fromEntries(await stored())).toEqual({ ONE: 'first', TWO: 'changed' });
    await expectLogLevel(service.dataDir);
  });

  it('take a file of Risoluto 0.6 under another key, whose file is named', async () => {
    const old = join(scratch, 'old.enc');
    const keyFile = join(scratch, 'old.key');
    writeFileSync(old, secretsFileOf06(KEY_OF_06, { OLD: 'from 0.6', ONE: 'first' }));
    writeFileSync(keyFile, `${KEY_OF_06}\n`, { mode: 0o600 });
    const closed = await transfer('import', old);
    expect([closed.code, closed.stderr]).toEqual([REFUSED, expect.stringContaining('--key-file')]);
    expect(await transfer('import', '--key-file', keyFile, old)).toMatchObject({
      code: 0,
      stdout: '1 secret(s) set, 1 had their value already\n',
    });
    expect((await stored()).get('OLD')).toBe('from 0.6');
  });
});

describe('after kill -9', () => {
  const MANY = 400;

  it('an import is finished by the same command, and sets nothing twice', async () => {
    const values = Array.from({ length: MANY }, (_, n) => [`MANY_${n}`, `value ${n}`] as const);
    const many = join(scratch, 'many.enc');
    writeFileSync(many, secretsFileOf06(MASTER_KEY, Object.fromEntries(values)));
    const killed = new CliProcess(['secrets', 'import', many], { env: service.env });
    await until('some of them to be set', async () => ((await setsOf('MANY_0')) > 0 ? true : null));
    killed.kill('SIGKILL');
    await killed.ended();

    const { code, stdout } = await transfer('import', many);
    expect(code).toBe(0);
    const [, set, had] = /^(\d+) secret\(s\) set, (\d+) had/.exec(stdout) ?? [];
    expect(Number(set) + Number(had)).toBe(MANY);
    expect(Number(had)).toBeGreaterThan(0);
    const there = await stored();
    for (const [key, value] of values) expect(there.get(key)).toBe(value);
    expect(await setsOf('MANY_0')).toBe(1);
    expect(await setsOf(`MANY_${MANY - 1}`)).toBe(1);
  });

  it('an export has made its file or none, and its draft is gone after the next command', async () => {
    rmSync(file);
    const killed = new CliProcess(['secrets', 'export', file], { env: service.env });
    await until('its draft or its file', () => {
      const begun = drafts().length > 0 || readdirSync(service.dataDir).includes('secrets.enc');
      return begun ? true : null;
    });
    killed.kill('SIGKILL');
    await killed.ended();
    // Where the kill came too late for one.
    if (drafts().length === 0) writeFileSync(`${file}.0123abcd`, 'half');

    expect((await transfer('export', '--overwrite', file)).code).toBe(0);
    expect(drafts()).toEqual([]);
    const exported = valuesOfFileFor06(MASTER_KEY, readFileSync(file, 'utf8'));
    expect(exported).toEqual(Object.fromEntries(await stored()));
    await expectWhole();
  });
});
