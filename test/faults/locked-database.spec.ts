import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { containersOf } from '../runs/leftovers.js';
import {
  cancelRun,
  setSecret,
  sh,
  showRun,
  UNLIMITED,
  untilPrinted,
} from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { inside } from '../support/engine.js';
import { sized } from '../support/long-form.js';
import { residentBytes } from '../support/memory.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel } from '../support/stored.js';
import { lockDatabase } from './database-lock.js';

const MiB = 1024 * 1024;
const PATIENCE_MS = 180_000;
/** Longer than SQLite waits (5 s), so that everything has been refused at least once. */
const LOCKED_MS = sized(8000, 30_000);
const CALLERS = 500;

let service: RunningService;
beforeAll(async () => {
  service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 2 } } });
});
afterAll(() => service?.stop());

describe('a database that another process has locked', () => {
  it(
    'refuses changes with 503 in time, answers reads, and goes on when it is free',
    async () => {
      await setSecret(service, 'BEFORE', 'kept');
      const id = await createRun(service, {
        issue: 'LOCK-1',
        command: sh('echo up; until [ -e /tmp/go ]; do sleep 0.1; done; seq 1000; exit 5'),
      });
      await untilPrinted(service, id, 'up');
      const before = await residentBytes(service.pid);
      const free = await lockDatabase(join(service.dataDir, 'risoluto.db'));
      const lockedAt = performance.now();
      try {
        const [container = ''] = await containersOf(service, id);
        await inside(container, 'touch /tmp/go');
        const changes = [
          service.api('PUT', '/api/v1/secrets/REFUSED', { body: { value: 'x' } }),
          service.api('POST', '/api/v1/runs', { body: { issue: 'LOCK-2', command: ['true'] } }),
          cancelRun(service, id),
          ...Array.from({ length: CALLERS }, (_, n) =>
            service.api('PUT', `/api/v1/secrets/CROWD_${n}`, { body: { value: 'x' } }),
          ),
        ];
        const read = performance.now();
        expect((await service.api('GET', '/api/v1/secrets')).body.keys).toEqual(['BEFORE']);
        expect((await service.api('GET', '/healthz')).status).toBe(200);
        expect(performance.now() - read).toBeLessThan(5000);
        for (const answer of await Promise.all(changes)) {
          expect([answer.status, answer.body.error.code]).toEqual([503, 'storage_unavailable']);
          expect(answer.headers['retry-after']).toMatch(/^\d+$/);
        }
        // Each waits for what SQLite waits, twice at most; the rest is the machine's.
        expect(performance.now() - lockedAt).toBeLessThan(30_000);
        const ready = await service.api('GET', '/readyz');
        expect(ready.status).toBe(503);
        expect((await showRun(service, id)).status).toBe('running');
        expect((await residentBytes(service.pid)) - before).toBeLessThan(100 * MiB);
        await sleep(Math.max(0, LOCKED_MS - (performance.now() - lockedAt)));
      } finally {
        await free();
      }
      await until('a change to be taken', async () => {
        const answer = await service.api('PUT', '/api/v1/secrets/AFTER', { body: { value: 'x' } });
        return answer.status === 204 ? true : null;
      });
      expect(await finishRun(service, id)).toMatchObject({
        status: 'failed',
        exitCode: 5,
        stdout: `up\n${Array.from({ length: 1000 }, (_, index) => `${index + 1}\n`).join('')}`,
      });
      await until('readiness to come back', async () =>
        (await service.api('GET', '/readyz')).status === 200 ? true : null,
      );
      // What was refused has not happened.
      expect((await service.api('GET', '/api/v1/secrets')).body.keys).toEqual(['AFTER', 'BEFORE']);
      expect((await service.api('GET', '/api/v1/runs')).body.items).toHaveLength(1);
      const { body } = await service.api('GET', '/api/v1/audit/verify?full=true');
      expect(body).toEqual({ ok: true, checked: expect.any(Number), firstBroken: null });
      await expectLogLevel(service.dataDir);
    },
    PATIENCE_MS,
  );
});
