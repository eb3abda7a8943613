import { setTimeout as sleep } from 'node:timers/promises';

import { RunningService } from '../test/support/service.js';
import { ON_FIRST_CORE } from './one-core.js';

const LOOK_MS = 5;
const PATIENCE_MS = 120_000;

/** A service in production that is started over and over on one data directory. */
export async function prepareRestarts(dataDir: string, yaml: object = {}): Promise<RunningService> {
  return RunningService.prepare({
    env: { NODE_ENV: 'production', RISOLUTO_LOG_LEVEL: 'warn' },
    yaml,
    wrapper: ON_FIRST_CORE,
    dataDir,
  });
}

/** From the start of the process to the first `/readyz` that is 200, in milliseconds. */
export async function startToReady(service: RunningService): Promise<number> {
  const began = performance.now();
  const life = service.launch();
  while (performance.now() - began < PATIENCE_MS && life.running) {
    const answer = await fetch(`${service.url}/readyz`).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return performance.now() - began;
    await sleep(LOOK_MS);
  }
  throw new Error(`the service is not ready:\n${service.logs()}`);
}
