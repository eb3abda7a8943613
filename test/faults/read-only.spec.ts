import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { containersOf } from '../runs/leftovers.js';
import { UNLIMITED, setSecret, sh, showRun, untilPrinted } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { engine, inside } from '../support/engine.js';
import { watchPeak } from '../support/memory.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel, storedValues } from '../support/stored.js';
import { JournaledDisk } from './journaled-disk.js';

const MiB = 1024 * 1024;
const MASTER_KEY = 'the key of a failing disk';

let disk: JournaledDisk;
let service: RunningService;

beforeAll(async () => {
  disk = await JournaledDisk.make(64 * MiB);
  service = await startService({
    dataDir: join(disk.path, 'data'),
    yaml: { ...UNLIMITED, runs: { minFreeDisk: '4m' } },
    env: { MASTER_KEY },
  });
});
afterAll(async () => {
  await service?.stop();
  await disk?.remove();
});

describe('a file system that becomes read-only under a running service', () => {
  it('has changes refused and reads answered, and after its repair nothing is lost', async () => {
    await setSecret(service, 'KEPT', 'kept');
    const talks = await createRun(service, {
      issue: 'RO-1',
      command: sh('echo up; until [ -e /tmp/go ]; do sleep 0.1; done; seq 100000; exit 5'),
    });
    await untilPrinted(service, talks, 'up');
    const [container = ''] = await containersOf(service, talks);
    expect(container).not.toBe('');
    const peak = await watchPeak(service.pid);
    await disk.fail();

    const change = await service.api('PUT', '/api/v1/secrets/LOST', { body: { value: 'x' } });
    expect([change.status, change.body.error.code]).toEqual([503, 'storage_unavailable']);
    const run = { issue: 'RO-2', command: ['true'] };
    const post = await service.api('POST', '/api/v1/runs', { body: run });
    expect([post.status, post.body.error.code]).toEqual([503, 'storage_unavailable']);
    for (const answer of [change, post]) expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    expect((await service.api('GET', '/healthz')).status).toBe(200);
    expect((await service.api('GET', '/api/v1/secrets')).body.keys).toEqual(['KEPT']);
    await until('readiness to be 503', async () =>
      (await service.api('GET', '/readyz')).status === 503 ? true : null,
    );

    // The command ends, and neither its output nor its outcome can be stored.
    await inside(container, 'touch /tmp/go');
    await until('the command to end', async () => {
      const { State } = await engine().getContainer(container).inspect();
      return State.Running ? null : true;
    });
    expect((await showRun(service, talks)).status).toBe('running');
    expect(await peak.growthBytes()).toBeLessThan(100 * MiB);

    const exit = await service.terminate();
    expect(exit, service.logs().slice(-2000)).toMatchObject({ forced: false, signal: null });
    // Nothing is swept after it: what runs is still to be adopted.
    const refused = await service.launch().ended(40_000);
    expect(refused.code).not.toBe(0);
    expect(service.logs()).toMatch(/^risoluto: DATA_DIR .* cannot be locked: EROFS$/m);

    await disk.mend();
    await service.start();
    const done = await finishRun(service, talks);
    expect(done).toMatchObject({ status: 'failed', reason: 'exit_code', exitCode: 5 });
    const numbers = Array.from({ length: 100_000 }, (_, index) => `${index + 1}\n`).join('');
    expect(done.stdout === `up\n${numbers}`, `${done.stdout.length} bytes`).toBe(true);
    await setSecret(service, 'LATER', 'later');
    expect(await storedValues(service.dataDir, MASTER_KEY)).toEqual(
      new Map([
        ['KEPT', 'kept'],
        ['LATER', 'later'],
      ]),
    );
    const { body } = await service.api('GET', '/api/v1/audit/verify?full=true');
    expect(body).toMatchObject({ ok: true, firstBroken: null });
    await expectLogLevel(service.dataDir);
    expect(await containersOf(service)).toEqual([]);
  }, 120_000);
});
