import { afterAll, describe, expect, it } from 'vitest';

import { Dice } from '../property/dice.js';
import { SEED, sized } from '../support/long-form.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { containersOf, runFiles } from './leftovers.js';
import { allEvents, followEvents, linesOf } from './run-output.js';
import {
  auditOf,
  cancelRun,
  sh,
  showRun,
  UNLIMITED,
  untilPrinted,
  type Run,
} from './run-questions.js';

/** From the request to the kill; the command begins some hundred milliseconds after it. */
const DELAYS_MS = Array.from({ length: sized(3, 100) }, (_, index) =>
  new Dice(SEED, index).below(900),
);

/** Each test starts the service several times. */
const PATIENCE_MS = sized(240_000, 3_600_000);

const services: RunningService[] = [];
afterAll(() => Promise.all(services.map((service) => service.stop())));

async function start(runs: object = {}): Promise<RunningService> {
  const service = await startService({
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 2, ...runs } },
  });
  services.push(service);
  return service;
}

/** Leaves a line in its workspace when it begins, so that a second beginning shows. */
const once = (rest: string) => sh(`echo begun >>log; echo up; ${rest}`);

/** Two runs that are in the middle of their command, and two that wait. */
async function busy(service: RunningService): Promise<{ running: string[]; queued: string[] }> {
  const running = [
    await createRun(service, { issue: 'BUSY-1', command: once('sleep 90') }),
    await createRun(service, {
      issue: 'BUSY-2',
      command: once('trap "" TERM; while :; do sleep 1; done'),
    }),
  ];
  await Promise.all(running.map((id) => untilPrinted(service, id, 'up')));
  const queued = [
    await createRun(service, {
      issue: 'WAITS-1',
      env: { KEPT: 'kept' },
      command: once('echo $KEPT'),
    }),
    await createRun(service, { issue: 'BUSY-1', command: once('cat log') }),
  ];
  return { running, queued };
}

async function expectQueuedToGoOn(service: RunningService, queued: string[]): Promise<void> {
  const [first, second] = await Promise.all(queued.map((id) => finishRun(service, id)));
  expect(first).toMatchObject({ status: 'succeeded', stdout: 'up\nkept\n' });
  // The line of the run before it, and its own.
  expect(second).toMatchObject({ status: 'succeeded', stdout: 'up\nbegun\nbegun\n' });
  const log = await runToEnd(service, { issue: 'BUSY-2', command: ['cat', 'log'] });
  expect(log.stdout).toBe('begun\n');
}

describe.each(['SIGTERM', 'SIGKILL'] as const)('%s', (signal) => {
  it(
    'leaves commands running, which the next service takes over, and what waits goes on later',
    async () => {
      const service = await start();
      const { running, queued } = await busy(service);
      // Answered before the signal: a request that it overtakes is refused.
      const answered = await Promise.all(
        [...running, queued[0]!].map((id) => followEvents(service, id)),
      );
      const followers = answered.map((response) => allEvents(response));
      const waiting = service.api('GET', `/api/v1/runs/${queued[0]}?wait=60`).catch(() => null);
      // One that is cut off in the middle of an event is no subject of this test.
      const followed = Promise.all(followers).catch(() => null);
      const asked = performance.now();
      const exit = await service.terminate(signal);
      expect(performance.now() - asked).toBeLessThan(10_000);
      if (signal === 'SIGTERM') {
        expect(exit).toEqual({ code: 0, signal: null, forced: false });
        const streams = (await followed) ?? [];
        expect(streams.map((events) => events.at(-1)?.event)).toEqual(Array(3).fill('stopping'));
        expect(streams.flat().filter(({ event }) => event === 'end')).toEqual([]);
        expect(streams.slice(0, 2).map((events) => linesOf(events)[0]?.text)).toEqual([
          'up\n',
          'up\n',
        ]);
      }
      await waiting;
      expect(await containersOf(service)).toHaveLength(2);

      await service.start();
      for (const id of running) expect((await showRun(service, id)).status).toBe('running');
      expect((await showRun(service, queued[0]!)).status).toBe('queued');
      for (const id of running) {
        await cancelRun(service, id);
        expect((await finishRun(service, id)).status).toBe('cancelled');
        expect(await auditOf(service, id)).toEqual([
          'run.created',
          'run.started',
          'run.cancel_requested',
          'run.finished',
        ]);
      }
      await expectQueuedToGoOn(service, queued);
      expect(await containersOf(service)).toEqual([]);
      expect(await runFiles(service)).toEqual([]);
    },
    PATIENCE_MS,
  );
});

describe('SIGTERM where the operator wants commands to end', () => {
  it(
    'ends them with an outcome before the service does',
    async () => {
      const service = await start({ onStop: 'end' });
      const { running, queued } = await busy(service);
      const asked = performance.now();
      const exit = await service.terminate('SIGTERM');
      expect(exit).toEqual({ code: 0, signal: null, forced: false });
      expect(performance.now() - asked).toBeLessThan(10_000);
      expect(await containersOf(service)).toEqual([]);
      await service.start();
      for (const id of running) {
        const run = await showRun(service, id);
        expect(run).toMatchObject({ status: 'lost', reason: 'service_stopped' });
        expect(await auditOf(service, id)).toEqual(['run.created', 'run.started', 'run.finished']);
      }
      await expectQueuedToGoOn(service, queued);
      expect(await runFiles(service)).toEqual([]);
    },
    PATIENCE_MS,
  );
});

describe('kill -9', () => {
  it(
    'at any moment of short runs: each ends once, with a true outcome',
    async () => {
      const service = await start();
      const ids: string[] = [];
      for (const delay of DELAYS_MS) {
        for (const issue of ['SHORT-1', 'SHORT-2']) {
          ids.push(
            await createRun(service, {
              issue,
              command: sh('echo begun >>$ID; sleep 0.1'),
              env: { ID: `n${ids.length}` },
            }),
          );
        }
        await new Promise((resolve) => setTimeout(resolve, delay));
        await service.kill9();
        await service.start();
      }
      await Promise.all(ids.map((id) => finishRun(service, id)));
      const runs: Run[] = await Promise.all(ids.map((id) => showRun(service, id)));
      const show = sh('for file in n*; do echo "==> $file <=="; cat "$file"; done; :');
      const logs = await runToEnd(service, { issue: 'SHORT-1', command: show });
      const others = await runToEnd(service, { issue: 'SHORT-2', command: show });
      const texts = logs.stdout + others.stdout;
      runs.forEach((run, index) => {
        const begun = new RegExp(`==> n${index} <==\\n((?:begun\\n)*)`).exec(texts)?.[1] ?? '';
        expect(begun.length, JSON.stringify(run)).toBeLessThanOrEqual('begun\n'.length);
        expect(['succeeded', 'lost']).toContain(run.status);
        // A run is lost for the one reason that nothing says that it began, and then it did not.
        expect(begun).toBe(run.status === 'succeeded' ? 'begun\n' : '');
        if (run.status === 'lost') expect(run.reason).toBe('service_restarted');
      });
      expect(await containersOf(service)).toEqual([]);
      expect(await runFiles(service)).toEqual([]);
      const verified = await service.api('GET', '/api/v1/audit/verify');
      expect(verified.body).toMatchObject({ ok: true, firstBroken: null });
    },
    PATIENCE_MS,
  );
});
