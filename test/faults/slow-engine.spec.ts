import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { EngineProxy } from '../runs/engine-proxy.js';
import { containersOf } from '../runs/leftovers.js';
import {
  cancelRun,
  setSecret,
  sh,
  showRun,
  UNLIMITED,
  untilPrinted,
  untilStatus,
} from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { engine, inside } from '../support/engine.js';
import { sized } from '../support/long-form.js';
import { expectNoRemains } from '../support/remains.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';

const DELAY_MS = sized(5000, 30_000);
/** A run's life has about ten calls of the engine, one after the other. */
const RUN_MS = 14 * DELAY_MS;
const PATIENCE_MS = 60_000 + 3 * RUN_MS;
/** No answer to a client waits for the engine; the rest is the machine's. */
const QUICK_MS = 4000;

let proxy: EngineProxy;
let service: RunningService;

beforeAll(async () => {
  proxy = await EngineProxy.start();
  service = await startService({
    env: { DOCKER_HOST: proxy.dockerHost },
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 4 } },
  });
  await runToEnd(service, { issue: 'SLOW-0', command: ['true'] });
});
afterEach(() => {
  proxy.delayMs = 0;
});
afterAll(async () => {
  await service?.stop();
  await proxy?.stop();
});

const ENDS_WHEN_TOLD = sh(
  'echo begun >>log; echo up; until [ -e /tmp/go ]; do sleep 0.1; done; seq 1000; exit 5',
);
const TOLD = `up\n${Array.from({ length: 1000 }, (_, index) => `${index + 1}\n`).join('')}`;

async function expectQuick(method: string, path: string, body?: unknown): Promise<void> {
  const asked = performance.now();
  const { status, text } = await service.api(method, path, body === undefined ? {} : { body });
  expect(performance.now() - asked, `${method} ${path}`).toBeLessThan(QUICK_MS);
  expect(status, text).toBeLessThan(300);
}

/** How many containers the engine has ever made for a run. */
async function everMade(id: string): Promise<number> {
  const filters = JSON.stringify({ label: [`risoluto.run=${id}`], event: ['create'] });
  // In whole seconds, and what the current one has brought counts too.
  const end = Math.floor(Date.now() / 1000) + 1;
  const events = await engine().getEvents({ since: 0, until: end, filters });
  let text = '';
  for await (const chunk of events) text += String(chunk);
  return text.split('\n').filter((line) => line !== '').length;
}

describe(`an engine that answers every call after ${DELAY_MS / 1000} s`, () => {
  it(
    'holds no client up, and each run gets its true outcome from one container',
    async () => {
      const ends = await createRun(service, { issue: 'SLOW-1', command: ENDS_WHEN_TOLD });
      const endless = await createRun(service, {
        issue: 'SLOW-2',
        command: sh('echo up; sleep 600'),
      });
      await Promise.all([ends, endless].map((id) => untilPrinted(service, id, 'up')));
      proxy.delayMs = DELAY_MS;

      const [container = ''] = await containersOf(service, ends);
      await inside(container, 'touch /tmp/go');
      const late = await createRun(service, {
        issue: 'SLOW-3',
        command: sh('echo begun >>log; cat log; exit 3'),
      });
      const next = await createRun(service, { issue: 'SLOW-3', command: ['cat', 'log'] });
      const asked = await cancelRun(service, endless);
      expect(asked.status).toBe(202);
      await setSecret(service, 'WHILE', 'slow');
      for (const path of ['/healthz', '/readyz', '/metrics', '/api/v1/runs', '/api/v1/runtime']) {
        await expectQuick('GET', path);
      }
      await expectQuick('PUT', '/api/v1/secrets/QUICK', { value: 'x' });
      await until('readiness to tell of it', async () => {
        const { checks } = (await service.api('GET', '/readyz')).body;
        const { status } = checks.find(({ name }: { name: string }) => name === 'engine');
        return status === 'degraded' ? true : null;
      });

      const finished = await finishRun(service, ends, RUN_MS);
      expect(finished).toMatchObject({ status: 'failed', exitCode: 5, stdout: TOLD });
      // The short form does not wait for the whole life of a run.
      if (DELAY_MS > 5000) await untilStatus(service, late, 'failed', 2 * RUN_MS);
      proxy.delayMs = 0;
      expect(await finishRun(service, endless, RUN_MS)).toMatchObject({ status: 'cancelled' });
      expect(await finishRun(service, late, RUN_MS)).toMatchObject({
        status: 'failed',
        exitCode: 3,
        stdout: 'begun\n',
      });
      expect(await finishRun(service, next)).toMatchObject({ stdout: 'begun\n' });
      for (const id of [ends, endless, late, next]) expect(await everMade(id)).toBe(1);
      await expectNoRemains(service);
    },
    PATIENCE_MS,
  );

  it(
    'does not keep a service from its start, which takes over what runs when it can',
    async () => {
      const id = await createRun(service, { issue: 'SLOW-4', command: ENDS_WHEN_TOLD });
      await untilPrinted(service, id, 'up');
      const [container = ''] = await containersOf(service, id);
      await service.kill9();
      proxy.delayMs = DELAY_MS;
      await service.start();
      await expectQuick('GET', `/api/v1/runs/${id}`);
      expect((await showRun(service, id)).status).toBe('running');
      const waits = await createRun(service, { issue: 'SLOW-4', command: ['cat', 'log'] });
      await inside(container, 'touch /tmp/go');
      proxy.delayMs = 0;
      const finished = await finishRun(service, id, RUN_MS);
      expect(finished).toMatchObject({ status: 'failed', exitCode: 5, stdout: TOLD });
      expect(await finishRun(service, waits, RUN_MS)).toMatchObject({ stdout: 'begun\n' });
      expect(await everMade(id)).toBe(1);
      await expectNoRemains(service);
    },
    PATIENCE_MS,
  );
});
