import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { containersOf } from './leftovers.js';
import {
  auditOf,
  cancelRun,
  sh,
  showRun,
  UNLIMITED,
  untilPrinted,
  untilStatus,
} from './run-questions.js';

const OBEYS = sh('trap "echo told; exit 3" TERM; echo up; sleep 60 & wait');
const IGNORES = sh('trap "" TERM; echo up; while :; do sleep 1; done');

let service: RunningService;

beforeAll(async () => {
  service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 6 } } });
});
afterAll(() => service.stop());

/** Milliseconds that a finished run's command ran. */
async function ranFor(id: string): Promise<number> {
  const { phases } = await showRun(service, id);
  return Date.parse(phases.endedAt!) - Date.parse(phases.runningAt!);
}

describe('cancelling', () => {
  it('a queued run ends it at once, and its command never runs', async () => {
    const first = await createRun(service, { issue: 'QUE-1', command: OBEYS });
    const second = await createRun(service, { issue: 'QUE-1', command: ['touch', 'second'] });
    await untilPrinted(service, first, 'up');
    const answer = await cancelRun(service, second);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ id: second, status: 'cancelled', reason: 'cancelled' });
    expect((await showRun(service, second)).phases).toMatchObject({
      preparingAt: null,
      runningAt: null,
      finishedAt: expect.any(String),
    });
    expect(await auditOf(service, second)).toEqual(['run.created', 'run.cancelled']);
    await cancelRun(service, first);
    await finishRun(service, first);
    const look = await runToEnd(service, { issue: 'QUE-1', command: ['ls'] });
    expect(look.stdout).toBe('');
  });

  it('a running one sends SIGTERM: who obeys ends with a code of its own', async () => {
    const id = await createRun(service, { issue: 'OBEY-1', command: OBEYS });
    await untilPrinted(service, id, 'up');
    const asked = performance.now();
    const answers = [await cancelRun(service, id), await cancelRun(service, id)];
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    const run = await finishRun(service, id);
    expect(performance.now() - asked).toBeLessThan(8000);
    expect(run).toMatchObject({ status: 'cancelled', reason: 'cancelled', exitCode: 3 });
    expect(run.stdout).toBe('up\ntold\n');
    expect(await auditOf(service, id)).toEqual([
      'run.created',
      'run.started',
      'run.cancel_requested',
      'run.finished',
    ]);
    expect(await containersOf(service, id)).toEqual([]);
  });

  it('one that has just begun to run does not wait for SIGKILL', async () => {
    const ids = await Promise.all(
      [1, 2, 3].map((n) => createRun(service, { issue: `JUST-${n}`, command: ['sleep', '60'] })),
    );
    await Promise.all(
      ids.map(async (id) => {
        await untilStatus(service, id, 'running');
        const asked = performance.now();
        await cancelRun(service, id);
        expect(await finishRun(service, id)).toMatchObject({ status: 'cancelled' });
        expect(performance.now() - asked).toBeLessThan(8000);
      }),
    );
  });

  it('is refused for a finished run and for none', async () => {
    const { id } = await runToEnd(service, { issue: 'FIN-1', command: ['true'] });
    const finished = await cancelRun(service, id);
    expect([finished.status, finished.body.error.code]).toEqual([409, 'run_finished']);
    expect(await showRun(service, id)).toMatchObject({ status: 'succeeded' });
    expect(await auditOf(service, id)).toEqual(['run.created', 'run.started', 'run.finished']);
    for (const unknown of ['01ARZ3NDEKTSV4RRFFQ69G5FAV', 'x', '..%2f..']) {
      const answer = await cancelRun(service, unknown);
      expect([answer.status, answer.body.error.code]).toEqual([404, 'run_not_found']);
    }
  });
});

describe('a command that ignores SIGTERM', () => {
  it('is gone ten seconds after a cancellation or after its time', async () => {
    const cancelled = await createRun(service, { issue: 'IGN-1', command: IGNORES });
    const timedOut = await createRun(service, {
      issue: 'IGN-2',
      command: IGNORES,
      timeoutSeconds: 2,
    });
    const obedient = await createRun(service, {
      issue: 'IGN-3',
      command: OBEYS,
      timeoutSeconds: 2,
    });
    await untilPrinted(service, cancelled, 'up');
    const asked = Date.now();
    await cancelRun(service, cancelled);

    expect(await finishRun(service, obedient)).toMatchObject({
      status: 'timed_out',
      reason: 'timeout',
      stdout: 'up\ntold\n',
    });
    expect(await ranFor(obedient)).toBeLessThan(9000);
    expect(await finishRun(service, cancelled)).toMatchObject({
      status: 'cancelled',
      exitCode: 137,
    });
    const { phases } = await showRun(service, cancelled);
    const took = Date.parse(phases.finishedAt!) - asked;
    expect(took).toBeGreaterThan(9500);
    expect(took).toBeLessThan(15_000);
    expect(await finishRun(service, timedOut)).toMatchObject({
      status: 'timed_out',
      reason: 'timeout',
      exitCode: 137,
    });
    expect(await ranFor(timedOut)).toBeGreaterThan(11_500);
    expect(await ranFor(timedOut)).toBeLessThan(17_000);
    expect(await containersOf(service)).toEqual([]);
  });
});
