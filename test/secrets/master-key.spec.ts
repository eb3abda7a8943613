import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startRefused, startService, type RunningService } from '../support/service.js';

const MASTER_KEY = 'master-key-canary-4711';
const VALUE = 'secret-value-canary-0815';

let dataDir: string;
let service: RunningService | null = null;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'risoluto-keys-'));
});
afterEach(async () => {
  await service?.stop();
  service = null;
  for (const directory of [dataDir, `${dataDir}-workspaces`]) {
    rmSync(directory, { recursive: true, force: true });
  }
});

async function start(env: Record<string, string | undefined>): Promise<RunningService> {
  await service?.stop();
  service = await startService({ dataDir, env });
  return service;
}

async function setSecret(running: RunningService): Promise<void> {
  const answer = await running.api('PUT', '/api/v1/secrets/A', { body: { value: VALUE } });
  expect(answer.status).toBe(204);
}

describe('the master key', () => {
  it('missing, locks the secrets and nothing else', async () => {
    await setSecret(await start({ MASTER_KEY }));
    const locked = await start({ MASTER_KEY: undefined });
    for (const [method, path] of [
      ['GET', ''],
      ['PUT', '/A'],
      ['POST', '/B'],
      ['DELETE', '/A'],
    ] as const) {
      const body = method === 'PUT' || method === 'POST' ? { body: { value: 'v' } } : {};
      const answer = await locked.api(method, `/api/v1/secrets${path}`, body);
      expect([method, answer.status, answer.body.error.code]).toEqual([
        method,
        503,
        'secrets_locked',
      ]);
    }
    const ready = await locked.api('GET', '/readyz');
    expect([ready.status, ready.body.status]).toEqual([200, 'degraded']);
    expect(ready.text).toContain('MASTER_KEY_FILE');
    expect((await locked.api('GET', '/api/v1/audit')).body.items).toHaveLength(1);
    const opened = await start({ MASTER_KEY });
    expect((await opened.api('GET', '/api/v1/secrets')).body.keys).toEqual(['A']);
  });

  it('wrong, stops the start with one line that says so and holds neither key', async () => {
    await setSecret(await start({ MASTER_KEY }));
    await service?.stop();
    const { code, logs } = await startRefused({ dataDir, env: { MASTER_KEY: 'other-canary' } });
    expect(code).toBe(1);
    expect(logs).toMatch(/^risoluto: MASTER_KEY is not the key .*$/m);
    expect(logs).not.toMatch(/canary| at .*\.js:/);
    const opened = await start({ MASTER_KEY });
    expect((await opened.api('GET', '/api/v1/secrets')).body.keys).toEqual(['A']);
  });

  it('is read from MASTER_KEY_FILE as from MASTER_KEY', async () => {
    await setSecret(await start({ MASTER_KEY }));
    const file = join(dataDir, '..', `${dataDir.split('/').pop()}.key`);
    writeFileSync(file, `${MASTER_KEY}\n`, { mode: 0o600 });
    const opened = await start({ MASTER_KEY: undefined, MASTER_KEY_FILE: file });
    expect((await opened.api('GET', '/api/v1/secrets')).body.keys).toEqual(['A']);
    rmSync(file);
  });

  it('and values are nowhere on disk, in the log or in an answer, in any encoding', async () => {
    const running = await start({ MASTER_KEY });
    await setSecret(running);
    const answers = await Promise.all(
      [
        '/api/v1/secrets',
        '/api/v1/audit',
        '/api/v1/runtime',
        '/api/v1/config',
        '/metrics',
        '/readyz',
      ].map((path) => running.api('GET', path)),
    );
    await running.api('PUT', '/api/v1/secrets/bad%20key', { body: { value: VALUE } });
    await running.api('PUT', '/api/v1/secrets/A', { body: { value: VALUE, [VALUE]: 1 } });
    await running.terminate();
    const texts: [string, Buffer][] = [
      ['log', Buffer.from(running.logs())],
      ...answers.map((answer, n): [string, Buffer] => [`answer ${n}`, Buffer.from(answer.text)]),
      ...readdirSync(dataDir).map((name): [string, Buffer] => [
        name,
        readFileSync(join(dataDir, name)),
      ]),
    ];
    for (const canary of [VALUE, MASTER_KEY]) {
      for (const encoding of ['utf8', 'base64', 'hex'] as const) {
        const needle = Buffer.from(canary).toString(encoding).replace(/=+$/, '').slice(0, -2);
        for (const [name, content] of texts) {
          expect([name, encoding, content.includes(needle)]).toEqual([name, encoding, false]);
        }
      }
    }
  });

  it('guards files that only the service’s user can read', async () => {
    await setSecret(await start({ MASTER_KEY }));
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(dataDir)) {
      expect([name, statSync(join(dataDir, name)).mode & 0o077]).toEqual([name, 0]);
    }
    expect(execFileSync('cat', [join(dataDir, 'secrets.audit.log')], { encoding: 'utf8' })).toMatch(
      /"operation":"set","key":"A"/,
    );
  });
});
