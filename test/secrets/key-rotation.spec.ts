import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { executeBeside } from '../support/audited-database.js';
import { SEED, sized } from '../support/long-form.js';
import { valuesOfFileFor06 } from '../support/secrets-file-of-0-6.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel, storedValues } from '../support/stored.js';

const KILLS = sized(1, 60);
const SECRETS = 120;
const yaml = { rateLimits: { api: { limit: 1_000_000 } } };

/** Reproducible numbers, so that a failure can be tried again. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

describe.each(['database', 'file'] as const)('a service with the store: %s', (kind) => {
  const random = randomNumbers(SEED);
  let service: RunningService;
  let key = `first key of the ${kind}`;

  beforeAll(async () => {
    console.log(`TEST_SEED=${SEED}`);
    const env = { MASTER_KEY: key, RISOLUTO_SECRETS_STORE: kind, RISOLUTO_LOG_LEVEL: 'warn' };
    service = await startService({ yaml, env });
  });
  afterAll(() => service.stop());

  const put = (name: string, value: string) =>
    service.api('PUT', `/api/v1/secrets/${name}`, { body: { value } });
  const rotate = () => service.api('POST', '/api/v1/master-key/rotation');

  async function values(masterKey: string): Promise<Map<string, string>> {
    if (kind === 'database') return storedValues(service.dataDir, masterKey);
    const text = readFileSync(join(service.dataDir, 'secrets.enc'), 'utf8');
    return new Map(Object.entries(valuesOfFileFor06(masterKey, text)));
  }

  async function expectWhole(): Promise<void> {
    const { body } = await service.api('GET', '/api/v1/audit/verify?full=true');
    expect(body).toMatchObject({ ok: true, firstBroken: null });
    await expectLogLevel(service.dataDir);
  }

  /** As after years under one key: told from a quarter of what it may encrypt, until it is changed. */
  async function expectCountWatched(): Promise<void> {
    const judged = async () => {
      const { body } = await service.api('GET', '/api/v1/hardening?item=master-key-use');
      return body.items[0] as { status: string; message: string };
    };
    expect((await judged()).status).toBe('pass');
    for (const [count, status] of [
      [2 ** 30, 'warn'],
      [2 ** 32, 'fail'],
    ] as const) {
      await service.terminate();
      const sql = `UPDATE secrets_key_check SET encryptions = ${count}`;
      await executeBeside(join(service.dataDir, 'risoluto.db'), sql);
      await service.start();
      const item = await judged();
      expect([item.status, JSON.stringify(item)]).toEqual([
        status,
        expect.stringMatching(String(count).slice(0, 5)),
      ]);
    }
    Object.assign(service.env, { MASTER_KEY: 'the next', MASTER_KEY_PREVIOUS: key });
    await service.restart();
    expect((await rotate()).body).toMatchObject({ rotated: true });
    expect((await judged()).status).toBe('pass');
  }

  it(
    `keeps what it acknowledged when it is killed while it writes, ${KILLS} times`,
    async () => {
      const known = new Map<string, { acknowledged: string; attempted: string[] }>();
      const write = async (writer: number, round: number): Promise<void> => {
        for (let n = 0; ; n++) {
          const name = `W${writer}_${n % 3}`;
          const value = `${round}-${writer}-${n}`;
          const before = known.get(name) ?? { acknowledged: '', attempted: [] };
          known.set(name, { ...before, attempted: [...before.attempted, value] });
          const answer = await put(name, value).catch(() => null);
          if (answer === null) return;
          expect(answer.status).toBe(204);
          known.set(name, { acknowledged: value, attempted: [] });
        }
      };
      for (let round = 0; round < KILLS; round++) {
        const writers = Array.from({ length: 8 }, (_, n) => write(n, round));
        await sleep(200 + random() * 400);
        await service.kill9();
        await Promise.all(writers);
        await service.start();
        const stored = await values(key);
        for (const [name, { acknowledged, attempted }] of known) {
          const value = stored.get(name) ?? '';
          expect([acknowledged, ...attempted], name).toContain(value);
          known.set(name, { acknowledged: value, attempted: [] });
        }
        await expectWhole();
      }
      expect(known.size).toBeGreaterThan(0);
    },
    KILLS * 60_000,
  );

  it(
    `passes to a new master key, killed in the middle ${KILLS} times`,
    async () => {
      const names = Array.from({ length: SECRETS }, (_, n) => `K${n}`);
      await Promise.all(names.map((name) => put(name, `value of ${name}`)));
      const expected = await values(key);
      for (let round = 0; round < KILLS; round++) {
        const next = `${kind} ${round}`;
        Object.assign(service.env, { MASTER_KEY: next, MASTER_KEY_PREVIOUS: key });
        await service.restart();
        const item = await service.api('GET', '/api/v1/hardening?item=master-key-use');
        expect(item.body.items[0]).toMatchObject({ status: 'warn' });
        const asked = rotate().catch(() => null);
        await sleep(random() * 60);
        await service.kill9();
        await asked;
        await service.start();
        expect((await rotate()).status).toBe(200);
        expect((await rotate()).body).toEqual({ rotated: false, secrets: 0, others: 0 });
        delete service.env.MASTER_KEY_PREVIOUS;
        key = next;
        await service.restart();
        expect(await values(key)).toEqual(expected);
        await expectWhole();
      }
      const { body } = await service.api('GET', '/api/v1/audit?action=secrets.key_rotated');
      expect(body.items).toHaveLength(KILLS);
      const metrics = (await service.api('GET', '/metrics')).text;
      const count = Number(/^risoluto_master_key_encryptions (\d+)$/m.exec(metrics)?.[1]);
      expect(count).toBeGreaterThanOrEqual(kind === 'database' ? expected.size : 1);
      if (kind === 'database') await expectCountWatched();
    },
    KILLS * 90_000,
  );
});
