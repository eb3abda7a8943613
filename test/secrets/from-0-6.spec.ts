import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { setSecret } from '../runs/run-questions.js';
import { executeBeside } from '../support/audited-database.js';
import {
  secretsFileOf06,
  secretsTableOf06,
  valuesOfFileFor06,
} from '../support/secrets-file-of-0-6.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel, storedValues } from '../support/stored.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MASTER_KEY = 'the key since 0.6';
const IN_TABLE = { BOTH: 'of the table', ROW: 'of a row' };
const IN_FILE = { BOTH: 'of the file', FILED: 'in the file' };
const LOG =
  '{"at":"2025-06-01T10:20:30.000Z","operation":"set","key":"ROW"}\n' +
  '{"at":"2025-06-02T10:20:30.000Z","operation":"delete","key":"GONE"}\n';

/** A data directory as Risoluto 0.6 leaves it: table, file and log, readable by others. */
let root: string;
let service: RunningService;
const path = (name: string) => join(root, 'data', name);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'risoluto-0-6-'));
  mkdirSync(path(''), { mode: 0o755 });
  await executeBeside(path('risoluto.db'), secretsTableOf06(MASTER_KEY, IN_TABLE));
  writeFileSync(path('secrets.enc'), secretsFileOf06(MASTER_KEY, IN_FILE), { mode: 0o644 });
  writeFileSync(path('secrets.audit.log'), LOG, { mode: 0o644 });
});
afterAll(async () => {
  await service?.stop();
  rmSync(root, { recursive: true, force: true });
});

async function start(store: 'database' | 'file'): Promise<void> {
  const env = { MASTER_KEY, RISOLUTO_SECRETS_STORE: store };
  service ??= await startService({ dataDir: path(''), env });
  service.env.RISOLUTO_SECRETS_STORE = store;
  await service.restart();
}

async function keys(): Promise<string[]> {
  return (await service.api('GET', '/api/v1/secrets')).body.keys as string[];
}

async function expectWhole(): Promise<void> {
  const { body } = await service.api('GET', '/api/v1/audit/verify?full=true');
  expect(body).toEqual({ ok: true, checked: expect.any(Number), firstBroken: null });
  await expectLogLevel(path(''));
  expect(readFileSync(path('secrets.audit.log'), 'utf8').startsWith(LOG)).toBe(true);
  for (const name of ['risoluto.db', 'secrets.enc', 'secrets.audit.log']) {
    expect([name, statSync(path(name)).mode & 0o077]).toEqual([name, 0]);
  }
}

it('the database store takes the table over, and leaves the file to who uses it', async () => {
  const file = readFileSync(path('secrets.enc'));
  await start('database');
  expect(await keys()).toEqual(['BOTH', 'ROW']);
  expect(Object.fromEntries(await storedValues(path(''), MASTER_KEY))).toEqual(IN_TABLE);
  const { body } = await service.api('GET', '/api/v1/secrets');
  expect(body.secrets[0]).toMatchObject({
    key: 'BOTH',
    version: 1,
    updatedAt: '2025-06-01T10:20:30.000Z',
    updatedBy: 'system',
  });
  await setSecret(service, 'ROW', 'changed');
  expect((await service.api('DELETE', '/api/v1/secrets/BOTH')).status).toBe(204);
  await service.restart('SIGKILL');
  expect(Object.fromEntries(await storedValues(path(''), MASTER_KEY))).toEqual({ ROW: 'changed' });
  expect(readFileSync(path('secrets.enc')).equals(file)).toBe(true);
});

it('the file store takes the file over, which 0.6 goes on reading', async () => {
  await start('file');
  expect(await keys()).toEqual(['BOTH', 'FILED']);
  const { body } = await service.api('GET', '/api/v1/audit?action=secrets.file_adopted');
  expect(body.items).toHaveLength(1);
  await setSecret(service, 'FILED', 'changed in the file');
  expect(valuesOfFileFor06(MASTER_KEY, readFileSync(path('secrets.enc'), 'utf8'))).toEqual({
    ...IN_FILE,
    FILED: 'changed in the file',
  });
  await expectWhole();
});

it('and each store is what it was when the other has been used', async () => {
  await start('database');
  expect(await keys()).toEqual(['ROW']);
  await expectWhole();
});
