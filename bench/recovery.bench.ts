import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newId } from '../src/kernel/ids.js';
import { openAuditedDatabase } from '../test/support/audited-database.js';
import { queryStored } from '../test/support/stored.js';
import type { Benchmark, Comparison } from './benchmark.js';
import { prepareRestarts, startToReady } from './restarted-service.js';

/** The most and the fewest first: they are held against each other. */
const OPEN_RUNS = [1000, 10, 100];

const benchmark: Benchmark = {
  question: 'Does a start take the same time however many runs the last process left open?',

  async prepare({ quick }) {
    const root = mkdtempSync(join(tmpdir(), 'risoluto-bench-'));
    for (const count of OPEN_RUNS) await leaveRuns(join(root, String(count)), count);
    const comparison: Comparison = {
      name: 'recovery: open runs',
      measures: [{ unit: 'ms to ready', better: 'lower', target: 1.5 }],
      contenders: OPEN_RUNS.map((count) => ({
        name: `${count} runs`,
        measure: async () => [await recover(join(root, String(count)))],
      })),
      rounds: quick ? 1 : 5,
      warmUpRounds: quick ? 0 : 1,
    };
    return {
      comparisons: [comparison],
      dispose: () => Promise.resolve(rmSync(root, { recursive: true, force: true })),
    };
  },
};

/** A fresh copy each time, because a start settles what it finds. */
async function recover(left: string): Promise<number> {
  const dataDir = `${left}-again`;
  cpSync(left, dataDir, { recursive: true });
  const service = await prepareRestarts(dataDir, { runs: { maxConcurrent: 1 } });
  try {
    const ready = await startToReady(service);
    const stillOpen = await queryStored(
      dataDir,
      "SELECT id FROM runs WHERE status = 'running' AND container_id LIKE 'gone-%'",
    );
    if (stillOpen.length > 0)
      throw new Error(`ready, but ${stillOpen.length} runs are not settled`);
    return ready;
  } finally {
    await service.kill9();
    await service.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Every other one waits; the rest ran in containers that are gone. */
async function leaveRuns(dataDir: string, count: number): Promise<void> {
  const db = await openAuditedDatabase({ root: dataDir });
  const { writing } = db.database;
  const request = JSON.stringify({ command: ['true'], env: {}, secrets: {} });
  const limits = { timeoutSeconds: 600, networkAccess: false, rootWritable: false };
  const now = Date.now();
  for (let number = 0; number < count; number += 1) {
    const id = newId();
    const ran = number % 2 === 1;
    const [status, container, at] = ran ? ['running', `gone-${id}`, now] : ['queued', null, null];
    await writing.query(
      `INSERT INTO runs (id, issue, status, request, actor, created_at, preparing_at, running_at,
         container_id, sandbox_report) VALUES (?, ?, ?, ?, 'loopback', ?, ?, ?, ?, '{}')`,
      [id, `OPEN-${number}`, status, request, now, at, at, container],
    );
    if (!ran) continue;
    await writing.query(
      'INSERT INTO running_commands (run_id, nonce, place, limits) VALUES (?, ?, ?, ?)',
      [id, '0'.repeat(32), '{"mode":"none"}', JSON.stringify({ ...limits, workspaceBytes: 1e9 })],
    );
  }
  await db.close();
}

export default benchmark;
