import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { setSecret, UNLIMITED } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { randomFrom } from '../support/dice.js';
import { SEED, sized } from '../support/long-form.js';
import { expectNoRemains } from '../support/remains.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel } from '../support/stored.js';
import { Life } from './life.js';

import { RunLoad } from './run-load.js';
import { checkRuns, type FinalRows } from './run-truth.js';
import { SecretLoad } from './secret-load.js';

const KILLS = sized(12, 220);
const PATIENCE_MS = KILLS * 30_000;
const MASTER_KEY = 'the key of the kill loop';

let service: RunningService;
beforeAll(async () => {
  service = await startService({
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 3 } },
    env: { MASTER_KEY, RISOLUTO_LOG_LEVEL: 'warn' },
  });
  await setSecret(service, 'TOKEN', 'kill-loop-s3cret');
});
afterAll(() => service?.stop());

/** Reads the trail and the lists from end to end, over and over. */
function read(life: Life): Promise<void> {
  let cursor: string | null = null;
  let before = Infinity;
  return life.repeat(async () => {
    const query = cursor === null ? '' : `&cursor=${cursor}`;
    const page = await life.api('GET', `/api/v1/audit?limit=50${query}`);
    expect(page.status, page.text).toBe(200);
    const seqs = (page.body.items as { seq: number }[]).map(({ seq }) => seq);
    for (const [index, seq] of seqs.entries())
      if (index > 0) expect(seq).toBe(seqs[index - 1]! - 1);
    if (seqs[0] !== undefined && before !== Infinity) expect(seqs[0]).toBe(before - 1);
    cursor = page.body.nextCursor as string | null;
    before = cursor === null ? Infinity : (seqs.at(-1) ?? Infinity);
    const runs = await life.api('GET', '/api/v1/runs?limit=20');
    expect(runs.status, runs.text).toBe(200);
    await sleep(50);
  });
}

describe('a service that is killed at any moment of a mixed load', () => {
  it(
    `loses nothing, repeats nothing and leaves nothing without an owner, ${KILLS} times`,
    async () => {
      console.log(`TEST_SEED=${SEED}`);
      const random = randomFrom(SEED);
      const secrets = new SecretLoad(service, MASTER_KEY);
      const runs = new RunLoad(service, randomFrom(SEED + 1));
      const finalRows: FinalRows = new Map();

      async function checkAll(): Promise<void> {
        await secrets.check();
        await expectLogLevel(service.dataDir);
        const { body } = await service.api('GET', '/api/v1/audit/verify?full=true');
        expect(body).toEqual({ ok: true, checked: expect.any(Number), firstBroken: null });
        await checkRuns(service, runs.attempts, finalRows);
        await expectNoRemains(service);
      }

      for (let kill = 0; kill < KILLS; kill += 1) {
        const life = new Life(service);
        const load = Promise.all([secrets.write(life), runs.send(life), read(life)]);
        await Promise.race([load, sleep(100 + random() * 900)]);
        life.over = true;
        await service.kill9();
        await load;
        // Some lives end while they begin.
        if (random() < 0.2) {
          service.launch();
          await sleep(random() * 2000);
          await service.kill9();
        }
        await service.start();
        await checkAll();
        if (kill % 4 === 3) console.log(`${kill + 1} kills, ${runs.attempts.length} runs`);
      }

      const rest = new Life(service);
      await until(
        'every run to end',
        async () => {
          await runs.cancelRest(rest);
          await checkRuns(service, runs.attempts, finalRows);
          return runs.open.length === 0 ? true : null;
        },
        120_000,
      );
      await checkAll();
      await expectNoRemains(service);
      const ended = runs.attempts.filter(({ done }) => done);
      console.log(`${ended.length} runs over ${KILLS} kills`);
      expect(ended.length).toBeGreaterThan(KILLS / 2);
    },
    PATIENCE_MS,
  );
});
