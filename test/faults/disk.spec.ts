import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { containersOf, runFiles } from '../runs/leftovers.js';
import { outputOf } from '../runs/run-output.js';
import { setSecret, sh, showRun, UNLIMITED, untilPrinted } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { inside } from '../support/engine.js';
import { residentBytes } from '../support/memory.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startRefused, startService, type RunningService } from '../support/service.js';
import { expectLogLevel, storedValues } from '../support/stored.js';
import { SmallDisk } from './small-disk.js';

const MiB = 1024 * 1024;
const PATIENCE_MS = 240_000;
const MASTER_KEY = 'the key of a full disk';

let data: SmallDisk;
let work: SmallDisk;
let service: RunningService;

beforeAll(async () => {
  data = await SmallDisk.make(32 * MiB);
  work = await SmallDisk.make(32 * MiB);
  service = await startService({
    dataDir: join(data.path, 'data'),
    yaml: { ...UNLIMITED, runs: { minFreeDisk: '4m', maxConcurrent: 2 } },
    env: { MASTER_KEY, RISOLUTO_WORKSPACES_DIR: join(work.path, 'workspaces') },
  });
});
afterAll(async () => {
  await service?.stop();
  await data?.remove();
  await work?.remove();
});

async function whole(): Promise<void> {
  const { body } = await service.api('GET', '/api/v1/audit/verify?full=true');
  expect(body).toEqual({ ok: true, checked: expect.any(Number), firstBroken: null });
  await expectLogLevel(service.dataDir);
  expect(await containersOf(service)).toEqual([]);
  expect(await runFiles(service)).toEqual([]);
}

async function untilReadiness(status: number): Promise<void> {
  await until(`readiness to be ${status}`, async () =>
    (await service.api('GET', '/readyz')).status === status ? true : null,
  );
}

describe('a data directory without room', () => {
  it(
    'refuses changes with 503, keeps what was acknowledged, and runs go on when there is room',
    async () => {
      await setSecret(service, 'KEPT', 'kept');
      const before = await residentBytes(service.pid);
      const talks = await createRun(service, {
        issue: 'FULL-1',
        command: sh('echo up; until [ -e go ]; do sleep 0.1; done; seq 300000; exit 5'),
      });
      await untilPrinted(service, talks, 'up');
      await data.fill();

      // What is logged already has room in the log's file; larger values soon have none.
      const acknowledged = new Map([['KEPT', 'kept']]);
      const refused = await until('a change to be refused', async () => {
        const key = `LARGE_${acknowledged.size}`;
        const value = key.padEnd(30_000, 'x');
        const answer = await service.api('PUT', `/api/v1/secrets/${key}`, { body: { value } });
        if (answer.status === 204) acknowledged.set(key, value);
        return answer.status === 204 ? null : answer;
      });
      expect([refused.status, refused.body.error.code]).toEqual([503, 'storage_unavailable']);
      expect(refused.headers['retry-after']).toMatch(/^\d+$/);
      const body = { issue: 'FULL-2', command: ['true'] };
      const post = await service.api('POST', '/api/v1/runs', { body });
      expect([post.status, post.body.error.code]).toEqual([503, 'disk_low']);
      expect(post.headers['retry-after']).toMatch(/^\d+$/);
      expect((await service.api('GET', '/healthz')).status).toBe(200);
      expect((await service.api('GET', '/api/v1/secrets')).body.keys).toContain('KEPT');

      // The command prints more than there is room for, and ends by itself.
      const [container = ''] = await containersOf(service, talks);
      expect(container).not.toBe('');
      await inside(container, 'touch /workspace/go');
      await sleep(4000);
      expect((await showRun(service, talks)).status).toBe('running');
      expect((await residentBytes(service.pid)) - before).toBeLessThan(100 * MiB);

      data.free();
      const run = await finishRun(service, talks);
      expect(run).toMatchObject({ status: 'failed', reason: 'exit_code', exitCode: 5 });
      const numbers = Array.from({ length: 300_000 }, (_, index) => `${index + 1}\n`).join('');
      expect(run.stdout === `up\n${numbers}`, `${run.stdout.length} bytes`).toBe(true);
      const lines = await outputOf(service, talks);
      expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
      await setSecret(service, 'LATER', 'later');
      acknowledged.set('LATER', 'later');
      await untilReadiness(200);
      expect(await storedValues(service.dataDir, MASTER_KEY)).toEqual(
        new Map([...acknowledged].sort(([one], [other]) => (one < other ? -1 : 1))),
      );
      expect(await runToEnd(service, { issue: 'FULL-2', command: ['echo', 'on'] })).toMatchObject({
        stdout: 'on\n',
      });
      await whole();
    },
    PATIENCE_MS,
  );

  it('is told in one line where the service is to start in it', async () => {
    const other = await SmallDisk.make(MiB);
    try {
      await other.fill();
      const env = { DATA_DIR: join(other.path, 'data') };
      const { code, logs } = await startRefused({ env });
      expect(code).not.toBe(0);
      expect(logs).toMatch(/^risoluto: .*(ENOSPC|full)/m);
      other.free();
      await other.setReadOnly(true);
      const readOnly = await startRefused({ env });
      expect(readOnly.code).not.toBe(0);
      expect(readOnly.logs).toMatch(/^risoluto: .*(EROFS|readonly)/m);
    } finally {
      await other.remove();
    }
  });
});

describe('a workspaces’ disk', () => {
  it.each([
    ['full', 'disk_low', () => work.fill(), () => Promise.resolve(work.free())],
    [
      'read-only',
      'workspaces_unavailable',
      () => work.setReadOnly(true),
      () => work.setReadOnly(false),
    ],
  ] as const)(
    'that is %s keeps runs waiting, says so, and they go on afterwards',
    async (_, reason, begin, end) => {
      await begin();
      const id = await createRun(service, { issue: 'WORK-1', command: sh('echo on >f; cat f') });
      await until('the reason to show', async () => {
        const run = await showRun(service, id);
        expect(run.status).toBe('queued');
        return run.reason === reason ? true : null;
      });
      await end();
      expect(await finishRun(service, id)).toMatchObject({ status: 'succeeded', stdout: 'on\n' });
      await whole();
    },
    PATIENCE_MS,
  );

  it(
    'of which a workspace is deleted under its run ends that run with the reason, and no later one',
    async () => {
      const id = await createRun(service, { issue: 'WORK-3', command: sh('echo up; sleep 90') });
      await untilPrinted(service, id, 'up');
      rmSync(join(work.path, 'workspaces', 'WORK-3'), { recursive: true });
      expect(await finishRun(service, id)).toMatchObject({
        status: 'failed',
        reason: 'control_unavailable',
        stdout: 'up\n',
      });
      const again = { issue: 'WORK-3', command: sh('echo on >f; cat f') };
      expect(await runToEnd(service, again)).toMatchObject({ stdout: 'on\n' });
      await whole();
    },
    PATIENCE_MS,
  );

  it(
    'that a command fills is its own error, and the next run has what was freed',
    async () => {
      const id = await createRun(service, {
        issue: 'WORK-2',
        command: sh('head -c 60M /dev/zero >big 2>/tmp/err; cat /tmp/err; rm big; exit 9'),
      });
      const run = await finishRun(service, id);
      expect(run).toMatchObject({ status: 'failed', exitCode: 9 });
      expect(run.stdout).toMatch(/No space left/);
      expect(await runToEnd(service, { issue: 'WORK-2', command: ['echo', 'on'] })).toMatchObject({
        stdout: 'on\n',
      });
    },
    PATIENCE_MS,
  );
});
