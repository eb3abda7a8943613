import { setTimeout as sleep } from 'node:timers/promises';

import { createRun } from '../test/support/runs.js';
import { RunningService } from '../test/support/service.js';
import type { Benchmark, Comparison } from './benchmark.js';
import { ON_FIRST_CORE } from './one-core.js';
import { startToReady } from './restarted-service.js';

/** The most and the fewest first: they are held against each other. */
const CONTAINERS = [16, 1, 4];
const PATIENCE_MS = 120_000;
const LOOK_MS = 5;

const benchmark: Benchmark = {
  question: 'How long does a start take that finds containers running, and until it has them all?',

  async prepare({ quick }) {
    const services: { count: number; service: RunningService }[] = [];
    for (const count of CONTAINERS) services.push({ count, service: await leaveRunning(count) });
    const comparison: Comparison = {
      name: 'recovery: running containers',
      measures: [
        { unit: 'ms to ready', better: 'lower', target: 1.5 },
        // Each is a handful of questions to the engine, so this one grows with them.
        { unit: 'ms to all adopted', better: 'lower', target: null },
      ],
      contenders: services.map(({ count, service }) => ({
        name: `${count} containers`,
        measure: () => adopt(service, count),
      })),
      rounds: quick ? 1 : 5,
      warmUpRounds: quick ? 0 : 1,
    };
    return {
      comparisons: [comparison],
      async dispose() {
        for (const { service } of services) await service.stop();
      },
    };
  },
};

/** A service that was killed while so many commands were running. */
async function leaveRunning(count: number): Promise<RunningService> {
  const service = await RunningService.prepare({
    env: { NODE_ENV: 'production', RISOLUTO_LOG_LEVEL: 'info' },
    yaml: { runs: { maxConcurrent: count }, rateLimits: { api: { limit: 1_000_000 } } },
    wrapper: ON_FIRST_CORE,
  });
  await service.start();
  const command = ['sh', '-c', 'echo up; sleep 3500'];
  const ids: string[] = [];
  for (let number = 0; number < count; number += 1) {
    ids.push(await createRun(service, { issue: `RUNS-${number}`, command }));
  }
  // One that has not said so may have begun or not, and would not be adopted.
  for (const id of ids) await lookUntil(`${id} to have begun`, () => hasBegun(service, id));
  await service.kill9();
  return service;
}

async function hasBegun(service: RunningService, id: string): Promise<boolean> {
  const { text } = await service.api('GET', `/api/v1/runs/${id}/output`);
  return text.includes('up');
}

async function adopt(service: RunningService, count: number): Promise<[number, number]> {
  const before = adoptedBy(service);
  const began = performance.now();
  const ready = await startToReady(service);
  await lookUntil(`${count} runs to be adopted`, () =>
    Promise.resolve(adoptedBy(service) === before + count),
  );
  const adopted = performance.now() - began;
  const { body } = await service.api('GET', '/api/v1/runs?status=running&limit=200');
  const running = (body.items as unknown[]).length;
  if (running !== count) throw new Error(`${running} of ${count} runs are running`);
  await service.kill9();
  return [ready, adopted];
}

/** In all lives of the service. */
function adoptedBy(service: RunningService): number {
  return service.logs().split('goes on from where an earlier service left it').length - 1;
}

async function lookUntil(what: string, ask: () => Promise<boolean>): Promise<void> {
  for (const began = performance.now(); !(await ask()); await sleep(LOOK_MS)) {
    if (performance.now() - began > PATIENCE_MS) throw new Error(`waited too long for ${what}`);
  }
}

export default benchmark;
