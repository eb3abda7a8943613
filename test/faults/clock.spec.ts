import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { containersOf } from '../runs/leftovers.js';
import { setSecret, sh, showRun, UNLIMITED, untilPrinted } from '../runs/run-questions.js';
import { inside } from '../support/engine.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { DAY_S, ServiceClock } from './set-clock.js';

const PATIENCE_MS = 240_000;
const UNTIL_GO = sh('echo up; until [ -e /tmp/go ]; do sleep 0.1; done; echo late');

const clock = new ServiceClock();
let service: RunningService;
beforeAll(async () => {
  service = await startService({
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 1 } },
    env: clock.env,
  });
});
afterAll(async () => {
  await service?.stop();
  clock.remove();
});

async function letGo(id: string): Promise<void> {
  const [container = ''] = await containersOf(service, id);
  await inside(container, 'touch /tmp/go');
}

/** Seconds from the true time to the one that the service has. */
async function offset(): Promise<number> {
  await setSecret(service, 'CLOCK', 'any');
  const { body } = await service.api('GET', '/api/v1/audit?limit=1');
  return (Date.parse((body.items as { at: string }[])[0]!.at) - Date.now()) / 1000;
}

/** What a client does every day is answered, and the audit is whole. */
async function everythingAnswers(): Promise<void> {
  const from = new Date(Date.now() - 3 * DAY_S * 1000).toISOString();
  const to = new Date(Date.now() + 3 * DAY_S * 1000).toISOString();
  const paths = ['runtime', 'runs', 'secrets', 'audit', `audit?from=${from}&to=${to}`];
  for (const path of paths) {
    const answer = await service.api('GET', `/api/v1/${path}`);
    expect(answer.status, `${path}: ${answer.text}`).toBe(200);
  }
  const verified = await service.api('GET', '/api/v1/audit/verify');
  expect(verified.body, verified.text).toMatchObject({ ok: true });
}

describe('the wall clock', () => {
  it(
    'may jump while the service runs: nothing ends early, fails or is forgotten',
    async () => {
      const headers = { 'idempotency-key': 'clock-1' };
      const body = { issue: 'CLOCK-1', command: UNTIL_GO, timeoutSeconds: 60 };
      const id = await createRun(service, body, { headers });
      await untilPrinted(service, id, 'up');
      for (const seconds of [-DAY_S, 0, DAY_S]) {
        const waiting = service.api('GET', `/api/v1/runs/${id}?wait=3`);
        clock.set(seconds);
        expect(Math.abs((await offset()) - seconds)).toBeLessThan(10);
        await everythingAnswers();
        const began = performance.now();
        expect((await waiting).body.status).toBe('running');
        expect(performance.now() - began).toBeLessThan(6000);
        // A key is kept for a day: one that the clock has passed may be forgotten, for good.
        if (seconds <= 0) expect(await createRun(service, body, { headers })).toBe(id);
      }
      await letGo(id);
      expect(await finishRun(service, id)).toMatchObject({
        status: 'succeeded',
        stdout: 'up\nlate\n',
      });
    },
    PATIENCE_MS,
  );

  it(
    'may jump while the service is away: a run keeps its time, and the queue its order',
    async () => {
      const body = { command: UNTIL_GO, timeoutSeconds: 600 };
      const id = await createRun(service, { ...body, issue: 'CLOCK-2' });
      await untilPrinted(service, id, 'up');
      const waiting: string[] = [];
      for (const seconds of [DAY_S, -DAY_S]) {
        await service.kill9();
        clock.set(seconds);
        await service.start();
        expect(Math.abs((await offset()) - seconds)).toBeLessThan(10);
        await everythingAnswers();
        expect((await showRun(service, id)).status).toBe('running');
        const issue = `CLOCK-${waiting.length + 3}`;
        waiting.push(await createRun(service, { issue, command: ['true'] }));
      }
      expect(waiting.toSorted()).toEqual(waiting);
      await letGo(id);
      const [first = '', second = ''] = waiting;
      expect(await finishRun(service, id)).toMatchObject({ status: 'succeeded' });
      await finishRun(service, first);
      await finishRun(service, second);
      const started = await Promise.all(waiting.map((one) => showRun(service, one)));
      const [one, other] = started.map(({ phases }) => Date.parse(phases.preparingAt ?? ''));
      expect(one).toBeLessThan(other!);
    },
    PATIENCE_MS,
  );

  it(
    'that was set forward while a command ended does not make it late',
    async () => {
      clock.set(-DAY_S);
      const id = await createRun(service, {
        issue: 'CLOCK-5',
        command: UNTIL_GO,
        timeoutSeconds: 600,
      });
      await untilPrinted(service, id, 'up');
      await service.kill9();
      await letGo(id);
      clock.set(0);
      await service.start();
      expect(await finishRun(service, id)).toMatchObject({
        status: 'succeeded',
        stdout: 'up\nlate\n',
      });
    },
    PATIENCE_MS,
  );
});
