import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { RunningService } from '../test/support/service.js';
import type { Benchmark, Comparison } from './benchmark.js';
import { fillTrail } from './long-trail.js';
import { prepareRestarts, startToReady } from './restarted-service.js';

const FEW = 1000;

const benchmark: Benchmark = {
  question: 'Does a start take the same time however long the audit trail is?',

  async prepare({ quick }) {
    const many = quick ? 100_000 : 1_000_000;
    const root = mkdtempSync(join(tmpdir(), 'risoluto-bench-'));
    const services: { rows: number; service: RunningService }[] = [];
    for (const rows of [many, FEW]) {
      const dataDir = join(root, String(rows));
      await fillTrail(dataDir, rows);
      services.push({ rows, service: await prepareRestarts(dataDir) });
    }
    const comparison: Comparison = {
      name: 'start-up: audit rows',
      measures: [{ unit: 'ms to ready', better: 'lower', target: 1.5 }],
      contenders: services.map(({ rows, service }) => ({
        name: `${rows} rows`,
        measure: async () => {
          const ready = await startToReady(service);
          await service.terminate();
          return [ready];
        },
      })),
      rounds: quick ? 2 : 5,
      warmUpRounds: 1,
    };
    return {
      comparisons: [comparison],
      async dispose() {
        for (const { service } of services) await service.stop();
        rmSync(root, { recursive: true, force: true });
      },
    };
  },
};

export default benchmark;
