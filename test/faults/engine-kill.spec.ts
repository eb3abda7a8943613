import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { outputOf } from '../runs/run-output.js';
import { sh, showRun, UNLIMITED, untilPrinted } from '../runs/run-questions.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { expectNoRemains } from '../support/remains.js';
import { startService, type RunningService } from '../support/service.js';
import { startEngine, stopEngine } from '../support/world-engine.js';
import { followed } from './follower.js';

const PATIENCE_MS = 240_000;
const LIVE_RESTORE = '--live-restore';
const COUNT = 60;

let service: RunningService;
beforeAll(async () => {
  service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 4 } } });
});
afterAll(async () => {
  await stopEngine('SIGKILL');
  await startEngine();
  await service?.stop();
});

/** Some seconds of lines that all must arrive, and a line in the workspace for each beginning. */
const COUNTS = sh(
  `echo begun >>log; for n in $(seq ${COUNT}); do echo "out $n"; echo "err $n" >&2; sleep 0.1; done; exit 6`,
);
const SLEEPS = sh('echo begun >>log; echo up; sleep 120');

const counted = (name: string) =>
  Array.from({ length: COUNT }, (_, index) => `${name} ${index + 1}\n`).join('');

async function started(issue: string, command: string[], first: string): Promise<string> {
  const id = await createRun(service, { issue, command });
  await untilPrinted(service, id, first);
  return id;
}

/** How often the command of an issue's run began. */
async function beginnings(issue: string): Promise<string> {
  return (await runToEnd(service, { issue, command: ['cat', 'log'] })).stdout;
}

describe.each(['up', 'away'] as const)('while the service is %s', (service_) => {
  const away = service_ === 'away';
  const name = (text: string) => `${text}-${service_.toUpperCase()}`;

  /** The engine is killed in the middle of commands, stays away for a while and comes back. */
  async function killEngine(...args: string[]): Promise<void> {
    if (away) await service.kill9();
    await stopEngine('SIGKILL');
    await sleep(2000);
    await startEngine(...args);
    if (away) await service.start();
  }

  it(
    'an engine that is killed and leaves its containers alive changes nothing about a run',
    async () => {
      const counts = await started(name('KEPT-1'), COUNTS, 'out 2\n');
      const sleeps = await started(name('KEPT-2'), SLEEPS, 'up');
      const shown = followed(service, counts);
      await killEngine(LIVE_RESTORE);
      expect(await finishRun(service, counts)).toMatchObject({
        status: 'failed',
        reason: 'exit_code',
        exitCode: 6,
        stdout: counted('out'),
        stderr: counted('err'),
      });
      const lines = await outputOf(service, counts);
      expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
      expect(await shown).toEqual(lines);
      expect((await showRun(service, sleeps)).status).toBe('running');
      await service.api('POST', `/api/v1/runs/${sleeps}/cancel`);
      expect(await finishRun(service, sleeps)).toMatchObject({
        status: 'cancelled',
        stdout: 'up\n',
      });
      expect(await beginnings(name('KEPT-1'))).toBe('begun\n');
      await expectNoRemains(service);
    },
    PATIENCE_MS,
  );

  it(
    'an engine that takes its containers down with it makes their runs lost, and the next one runs',
    async () => {
      const lost = await started(name('LOST-1'), SLEEPS, 'up');
      const waits = await createRun(service, { issue: name('LOST-1'), command: ['cat', 'log'] });
      await killEngine();
      expect(await finishRun(service, lost)).toMatchObject({
        status: 'lost',
        reason: 'engine_restarted',
        stdout: 'up\n',
      });
      // What waited for the workspace goes on, and sees that the command began once.
      expect(await finishRun(service, waits)).toMatchObject({
        status: 'succeeded',
        stdout: 'begun\n',
      });
      await expectNoRemains(service);
    },
    PATIENCE_MS,
  );
});
