import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SEED, sized } from '../support/long-form.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel, storedValues } from '../support/stored.js';

const MASTER_KEY = 'the key of the durability test';
const ROUNDS = sized(6, 200);
const WRITERS = 8;

let service: RunningService;
let dataDir: string;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'risoluto-durable-'));
  const yaml = { rateLimits: { api: { limit: 1_000_000 } } };
  service = await startService({ dataDir, yaml, env: { MASTER_KEY, RISOLUTO_LOG_LEVEL: 'warn' } });
});
afterAll(async () => {
  await service.stop();
  for (const directory of [dataDir, `${dataDir}-workspaces`]) {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** Reproducible numbers, so that a failure can be tried again. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

/** What each key was set to and got its 204, and what was in flight at the kill. */
interface Expectation {
  acknowledged: string | null;
  attempted: Set<string | null>;
}

async function writeUntilKilled(writer: number, round: number, known: Map<string, Expectation>) {
  for (let n = 0; ; n++) {
    const key = `K${writer}_${n % 5}`;
    const value = n % 7 === 6 ? null : `${round}-${writer}-${n}`;
    const expectation = known.get(key) ?? { acknowledged: null, attempted: new Set() };
    known.set(key, expectation);
    expectation.attempted.add(value);
    try {
      const path = `/api/v1/secrets/${key}`;
      const { status } =
        value === null
          ? await service.api('DELETE', path)
          : await service.api('PUT', path, { body: { value } });
      if (status !== 204 && status !== 404) throw new Error(`unexpected ${status}`);
    } catch (error) {
      if (/unexpected/.test(String(error))) throw error;
      return;
    }
    expectation.acknowledged = value;
    expectation.attempted.clear();
  }
}

describe('a service that is killed while it writes', () => {
  it(
    `keeps every acknowledged change, its audit row and its log line, ${ROUNDS} times`,
    async () => {
      const random = randomNumbers(SEED);
      console.log(`TEST_SEED=${SEED}`);
      const known = new Map<string, Expectation>();
      for (let round = 0; round < ROUNDS; round++) {
        const writers = Array.from({ length: WRITERS }, (_, n) =>
          writeUntilKilled(n, round, known),
        );
        await new Promise((resolve) => setTimeout(resolve, 150 + random() * 500));
        await service.kill9();
        await Promise.all(writers);
        await service.start();

        const stored = await storedValues(dataDir, MASTER_KEY);
        for (const [key, { acknowledged, attempted }] of known) {
          const value = stored.get(key) ?? null;
          expect([round, key, value, value === acknowledged || attempted.has(value)]).toEqual([
            round,
            key,
            value,
            true,
          ]);
          known.set(key, { acknowledged: value, attempted: new Set() });
        }
        await expectLevel();
      }
      expect(known.size).toBe(WRITERS * 5);
    },
    ROUNDS * 30_000,
  );
});

/** Chain whole, the head level with it, and one log line for each row, in order. */
async function expectLevel(): Promise<void> {
  const { body } = await service.api('GET', '/api/v1/audit/verify?full=true');
  expect(body).toEqual({ ok: true, checked: expect.any(Number), firstBroken: null });
  await expectLogLevel(dataDir);
}
