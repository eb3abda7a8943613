import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { startService } from '../test/support/service.js';
import type { Benchmark } from './benchmark.js';
import { startServer } from './one-core.js';

/** Both sides collect their garbage when they are told to, and are read after that. */
const NODE_OPTIONS = `--import=${new URL('./servers/collect-on-signal.mjs', import.meta.url).href}`;
const SETTLE_MS = 3000;

const benchmark: Benchmark = {
  question: 'How much memory does the service hold while nobody uses it?',

  prepare({ quick }) {
    const comparison = {
      name: 'idle, resident',
      measures: [{ unit: 'MiB', better: 'lower', target: null }],
      contenders: [
        { name: 'the service', measure: ofService },
        { name: 'bare Nest on Fastify', measure: ofBareNest },
      ],
      rounds: quick ? 1 : 5,
      warmUpRounds: 0,
    } as const;
    return Promise.resolve({ comparisons: [comparison], dispose: () => Promise.resolve() });
  },
};

async function ofService(): Promise<number[]> {
  const service = await startService({
    env: { NODE_ENV: 'production', RISOLUTO_LOG_LEVEL: 'info', NODE_OPTIONS },
  });
  try {
    return [await settledMebibytes(service.pid)];
  } finally {
    await service.stop();
  }
}

async function ofBareNest(): Promise<number[]> {
  const { child, pid } = await startServer('bare-nest.mjs', { NODE_OPTIONS });
  try {
    return [await settledMebibytes(pid)];
  } finally {
    child.kill();
  }
}

async function settledMebibytes(pid: number): Promise<number> {
  await sleep(SETTLE_MS);
  process.kill(pid, 'SIGUSR2');
  await sleep(SETTLE_MS);
  const [, kibibytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}

export default benchmark;
