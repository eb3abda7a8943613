import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { containersOf } from '../runs/leftovers.js';
import { outputOf } from '../runs/run-output.js';
import { auditOf, cancelRun, untilPrinted } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { startEngine, stopEngine } from '../support/world-engine.js';
import { doneBy, settingsWithAgents, talker } from './exec-agents.js';

const PATIENCE_MS = 240_000;

let service: RunningService;
beforeAll(async () => {
  service = await startService({ yaml: settingsWithAgents(false) });
});
afterAll(async () => {
  await stopEngine('SIGKILL');
  await startEngine();
  await service?.stop();
});

const beginnings = async (id: string) =>
  doneBy(await outputOf(service, id), 'notice').filter((text) => text === 'begun\n').length;

describe('an engine that takes an agent down with it', () => {
  it.each(['up', 'away'] as const)(
    'while the service is %s has it started again, once as it may be',
    async (service_) => {
      const id = await createRun(service, talker(`ENGINE-${service_.toUpperCase()}`, 'ticks'));
      await untilPrinted(service, id, 'tick 3\n');
      for (const start of [1, 2]) {
        expect(await beginnings(id)).toBe(start);
        if (service_ === 'away') await service.kill9();
        await stopEngine('SIGKILL');
        await sleep(1000);
        await startEngine();
        if (service_ === 'away') await service.start();
        if (start === 2) break;
        await until(
          'the agent to be started again',
          async () => ((await beginnings(id)) > start ? true : null),
          90_000,
        );
        expect(await auditOf(service, id)).toContain('run.turn_restarted');
      }
      expect(await finishRun(service, id, 90_000)).toMatchObject({
        status: 'lost',
        reason: 'engine_restarted',
        message: expect.stringContaining('It was started 2 times.'),
      });
      expect(await containersOf(service)).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'leaves it to its owner to cancel',
    async () => {
      const id = await createRun(service, talker('ENGINE-CANCEL', 'ticks'));
      await untilPrinted(service, id, 'tick 3\n');
      await stopEngine('SIGKILL');
      await cancelRun(service, id);
      await startEngine();
      expect(await finishRun(service, id, 90_000)).toMatchObject({ status: 'cancelled' });
      expect(await beginnings(id)).toBe(1);
    },
    PATIENCE_MS,
  );
});
