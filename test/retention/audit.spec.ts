import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { DAY_S, ServiceClock } from '../faults/set-clock.js';
import { UNLIMITED } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { executeBeside } from '../support/audited-database.js';
import { randomFrom } from '../support/dice.js';
import { SEED, sized } from '../support/long-form.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel, queryStored } from '../support/stored.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

/** More than two batches, so that a kill falls between them. */
const OLD_ROWS = sized(2400, 20_000);
const KILLS = sized(1, 15);

const clock = new ServiceClock();
let service: RunningService;

async function remember(auditDays: number): Promise<void> {
  const text = await readFile(service.home.configFile, 'utf8');
  await writeFile(
    service.home.configFile,
    text.replace(/auditDays: \d+/, `auditDays: ${auditDays}`),
  );
}

async function putSecrets(count: number): Promise<void> {
  const batch = 50;
  for (let n = 0; n < count; n += batch) {
    const answers = await Promise.all(
      Array.from({ length: batch }, (_, index) =>
        service.api('PUT', `/api/v1/secrets/S${index}`, { body: { value: `v${n}` } }),
      ),
    );
    for (const { status, text } of answers) expect(status, text).toBe(204);
  }
}

const verified = async () =>
  (await service.api('GET', '/api/v1/audit/verify?full=true')).body as {
    ok: boolean;
    checked: number;
    firstBroken: { seq: number; reason: string } | null;
  };
const span = async () => {
  const [row] = await queryStored<{ first: number; last: number; count: number }>(
    service.dataDir,
    'SELECT MIN(seq) AS first, MAX(seq) AS last, COUNT(*) AS count FROM audit_rows',
  );
  return row ?? { first: 0, last: 0, count: 0 };
};

beforeAll(async () => {
  clock.set(-30 * DAY_S);
  service = await startService({
    yaml: {
      ...UNLIMITED,
      retention: { runsDays: 0, auditDays: 0, deliveriesDays: 0, outboxDays: 0 },
    },
    env: { ...clock.env, DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
  });
  await putSecrets(OLD_ROWS);
  await service.terminate();
  clock.set(0);
});
afterAll(async () => {
  await service?.stop();
  clock.remove();
});

it('keeps every row of the trail where nothing is said', async () => {
  await service.start();
  await until('the first pass', async () => {
    const { text } = await service.api('GET', '/metrics');
    return /^risoluto_retention_last_pass_timestamp_seconds [1-9]/m.test(text) ? true : null;
  });
  const { first, count } = await span();
  expect([first, count >= OLD_ROWS]).toEqual([1, true]);
  await service.terminate();
});

it(`shortens the trail under signed checkpoints, killed ${KILLS} times meanwhile`, async () => {
  console.log(`TEST_SEED=${SEED}`);
  const random = randomFrom(SEED);
  await remember(7);
  const lives: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const { count: before } = await span();
    await service.start();
    await until('a batch to be removed', async () => ((await span()).count < before ? true : null));
    await sleep(random() * 30);
    await service.kill9();
    lives.push((await span()).count);
  }
  await service.start();
  const young = await until('the old rows to be gone', async () => {
    const { count } = await span();
    return count < 100 ? count : null;
  });
  console.log(`rows after each life: ${lives.join(', ')}, ${young}`);
  const { first, last, count } = await span();
  expect(first).toBeGreaterThan(OLD_ROWS);
  expect(last - first + 1).toBe(count);
  expect(await verified()).toEqual({ ok: true, checked: count, firstBroken: null });
  const { items } = (await service.api('GET', '/api/v1/audit?action=audit.shortened')).body;
  expect(items[0]).toMatchObject({ actor: 'system', target: 'audit' });
  const removed = (items as { details: { count: number } }[]).map(({ details }) => details.count);
  expect(removed.reduce((sum, one) => sum + one, 0)).toBe(first - 1);
});

it('goes on as ever: writes, its log, its list and a restart', async () => {
  await putSecrets(50);
  await expectLogLevel(service.dataDir, (await span()).first);
  const from = new Date(Date.now() - 60 * DAY_S * 1000).toISOString();
  const page = (await service.api('GET', `/api/v1/audit?limit=200&from=${from}`)).body;
  expect(page.items.length).toBeGreaterThan(50);
  await service.restart();
  expect((await verified()).ok).toBe(true);
  const { checks } = (await service.api('GET', '/readyz')).body;
  expect(checks).toContainEqual(expect.objectContaining({ name: 'audit', status: 'ok' }));
});

it('tells of rows that somebody else removes', async () => {
  const { first } = await span();
  await executeBeside(
    `${service.dataDir}/risoluto.db`,
    `DELETE FROM audit_rows WHERE seq = ${first}`,
  );
  expect(await verified()).toMatchObject({
    ok: false,
    firstBroken: { seq: first, reason: 'deleted' },
  });
});
