import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { newId } from '../../src/kernel/ids.js';
import { until } from '../runs/until.js';
import { executeBeside } from '../support/audited-database.js';
import { SEED, sized } from '../support/long-form.js';
import { startService, type RunningService } from '../support/service.js';
import { queryStored } from '../support/stored.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const DAY_MS = 86_400_000;
const OLD = 1000;
/** Of each run: more together than go with one batch. */
const DECISIONS = 150;
const KILLS = sized(1, 60);

let service: RunningService;
let young: string;

/** No engine, so that what is accepted waits. */
beforeAll(async () => {
  service = await startService({
    env: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
    yaml: {
      rateLimits: { api: { limit: 100_000 } },
      runs: { maxQueued: 3 },
      retention: { runsDays: 2 },
    },
  });
});
afterAll(() => service?.stop());

const post = (key?: string) =>
  service.api('POST', '/api/v1/runs', {
    body: { issue: 'RT-1', command: ['true'] },
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });
const audit = async (action: string) =>
  (await service.api('GET', `/api/v1/audit?limit=200&action=${action}`)).body.items as {
    actor: string;
    details: { count: number };
  }[];
const outputs = () => readdirSync(join(service.dataDir, 'output')).sort();
const rows = async () =>
  (await queryStored<{ id: string }>(service.dataDir, 'SELECT id FROM runs ORDER BY id')).map(
    ({ id }) => id,
  );

/** All of those of each run, and none of others. */
async function expectDecisionsOfRunsAlone(): Promise<void> {
  const counts = await queryStored<{ id: string; count: number }>(
    service.dataDir,
    'SELECT run_id AS id, COUNT(*) AS count FROM egress_decisions GROUP BY run_id ORDER BY run_id',
  );
  const owners = await rows();
  expect(counts).toEqual(owners.map((id) => ({ id, count: DECISIONS })));
}

it('takes no more runs than may wait, stores nothing of what it refuses, and replays all the same', async () => {
  const first = await post('the-first');
  for (let n = 0; n < 2; n++) expect((await post()).status).toBe(202);
  const before = await rows();
  const seq = 'SELECT MAX(seq) AS seq FROM audit_rows';
  const [last] = await queryStored(service.dataDir, seq);
  const refused = await post('the-refused');
  expect([refused.status, refused.body.error.code]).toEqual([503, 'queue_full']);
  expect(refused.headers['retry-after']).toBe('30');
  expect(await rows()).toEqual(before);
  expect(await queryStored(service.dataDir, seq)).toEqual([last]);
  expect((await post('the-first')).body.id).toBe(first.body.id);
  await service.api('POST', `/api/v1/runs/${first.body.id}/cancel`);
  expect((await post('the-refused')).status).toBe(202);
  young = first.body.id as string;
});

it('removes old runs with their output through kill -9, leaving no row without output and no output without a row', async () => {
  console.log(`seed ${SEED}`);
  await service.terminate();
  const output = join(service.dataDir, 'output');
  mkdirSync(output, { recursive: true });
  const finishedAt = Date.now() - 3 * DAY_MS;
  const old = Array.from(
    { length: OLD },
    (_, n) => `${'0'.repeat(22)}${String(n).padStart(4, '0')}`,
  );
  const values = old.map(
    (id) =>
      `('${id}','RT-2','succeeded','{"env":{}}','loopback',${finishedAt - 1000},${finishedAt})`,
  );
  await executeBeside(
    join(service.dataDir, 'risoluto.db'),
    `INSERT INTO runs (id, issue, status, request, actor, created_at, finished_at) VALUES ${values.join(',')};
     INSERT INTO egress_decisions
       (id, run_id, seq, turn, at, host, port, allowed, bytes_up, bytes_down, count)
       SELECT id || '-' || n, id, n, 1, 1, 'a.test', 443, 0, 0, 0, 1
       FROM runs, (WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${DECISIONS})
                   SELECT n FROM numbers);
     UPDATE idempotency_keys SET created_at = created_at - ${2 * DAY_MS} WHERE key = 'the-first'`,
  );
  for (const id of [...old, young]) writeFileSync(join(output, `${id}.ndjson`), '{"seq":1}\n');
  const orphan = newId();
  writeFileSync(join(output, `${orphan}.ndjson`), '{"seq":1}\n');
  writeFileSync(join(output, 'of-somebody-else'), '');
  const kept = (await rows()).filter((id) => !old.includes(id));

  for (let kill = 1; kill <= KILLS; kill++) {
    await service.start();
    await sleep(1500 + ((SEED * kill * 7919) % 1800));
    await service.kill9();
    // At any moment a row that is there has its output, and goes with its decisions.
    const there = new Set(outputs());
    for (const id of await rows()) {
      if (old.includes(id)) expect(there.has(`${id}.ndjson`), id).toBe(true);
    }
    await expectDecisionsOfRunsAlone();
  }
  await service.start();
  await until(
    'the old runs to be gone',
    async () => ((await rows()).length === kept.length ? true : null),
    60_000,
  );
  await until('their output to be gone', () => (outputs().length === 2 ? true : null), 60_000);
  expect(await rows()).toEqual(kept);
  await expectDecisionsOfRunsAlone();
  expect(outputs()).toEqual([`${young}.ndjson`, 'of-somebody-else'].sort());
  expect(existsSync(join(output, `${orphan}.ndjson`))).toBe(false);
  const gone = await service.api('GET', `/api/v1/runs/${old[0]}`);
  expect([gone.status, gone.body.error.code]).toEqual([404, 'run_not_found']);
});

it('tells it in the trail and in the metrics, and counts every run once', async () => {
  await until('the pass to end', async () => {
    const { text } = await service.api('GET', '/metrics');
    return /^risoluto_retention_last_pass_timestamp_seconds [1-9]/m.test(text) ? true : null;
  });
  const expired = await audit('runs.expired');
  expect(expired.reduce((sum, { details }) => sum + details.count, 0)).toBe(OLD);
  expect(expired.length).toBeLessThanOrEqual(OLD / 100);
  expect(new Set(expired.map(({ actor }) => actor))).toEqual(new Set(['system']));
  expect(await audit('idempotency_keys.expired')).toMatchObject([{ details: { count: 1 } }]);
  const keys = await queryStored<{ key: string }>(
    service.dataDir,
    'SELECT key FROM idempotency_keys',
  );
  expect(keys).toEqual([{ key: 'the-refused' }]);
  const verified = await service.api('GET', '/api/v1/audit/verify?full=true');
  expect(verified.body).toMatchObject({ ok: true });
});
