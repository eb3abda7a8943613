import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { Benchmark } from './benchmark.js';
import { CALLERS, cpuMicros, loadServer, moveToSecondCore, startServer } from './one-core.js';
import { startInProduction } from './production-service.js';

const KEYS = 64;

const benchmark: Benchmark = {
  question: 'What does a durable, audited PUT cost over a durable row of the database itself?',

  async prepare({ quick }) {
    moveToSecondCore();
    const running = await startInProduction();
    const { service } = running;
    const directory = mkdtempSync(join(tmpdir(), 'risoluto-bench-'));
    const inserts = await startServer('one-row-inserts.mjs', {
      FILE: join(directory, 'rows.db'),
      CALLERS: String(CALLERS),
    });
    const seconds = quick ? 1 : 2;
    const answers = createInterface(inserts.child.stdout!);
    const insertRows = async () => {
      const before = cpuMicros(inserts.pid);
      const answered = once(answers, 'line');
      inserts.child.stdin?.write(`${seconds * 1000}\n`);
      const [line] = (await answered) as [string];
      const { rows, elapsedMs } = JSON.parse(line) as { rows: number; elapsedMs: number };
      return [(rows / elapsedMs) * 1000, (cpuMicros(inserts.pid) - before) / rows];
    };
    const comparison = {
      name: `PUT of a secret, ${CALLERS} callers`,
      measures: [
        { unit: 'writes/s', better: 'higher', target: 0.9 },
        { unit: 'CPU µs/write', better: 'lower', target: null },
      ],
      contenders: [
        {
          name: 'the service',
          measure: () => loadServer(service.pid, { url: service.url, seconds, requests: PUTS }),
        },
        { name: 'one-row inserts, synchronous=FULL', measure: insertRows },
      ],
      rounds: quick ? 2 : 11,
      // Its code is compiled more slowly than a `GET`’s: there are fewer calls in a round.
      warmUpRounds: quick ? 1 : 8,
    } as const;
    return {
      comparisons: [comparison],
      async dispose() {
        inserts.child.kill();
        await running.stop();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
};

const PUTS = Array.from({ length: KEYS }, (_, index) => ({
  method: 'PUT',
  path: `/api/v1/secrets/BENCH_${index}`,
  body: JSON.stringify({ value: `value-${index}-${'x'.repeat(32)}` }),
}));

export default benchmark;
