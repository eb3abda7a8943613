import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  openAuditedDatabase,
  type AuditedDatabase,
} from '../../../test/support/audited-database.js';
import { removeTemporaryDirectories } from '../../../test/support/temporary-database.js';
import type { Settings } from '../../config/settings.js';
import type { DecisionTrail } from '../../egress/decisions/decision-trail.js';
import type { BelievedTime } from '../../persistence/believed-time.js';
import type { OutputLog } from '../output/output-log.js';
import { RunRepository } from '../run.repository.js';
import { ExpiredRuns } from './expired-runs.js';
import { RunRemoval } from './run-removal.js';
import { SurplusRuns } from './surplus-runs.repository.js';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 0, 1);

let db: AuditedDatabase;
let removed: string[];
beforeEach(async () => {
  removed = [];
  db = await openAuditedDatabase();
});
afterEach(() => db.close());
afterAll(removeTemporaryDirectories);

function expiry(retention: { runsDays: number; maxRuns: number }): ExpiredRuns {
  const log: Partial<OutputLog> = { remove: async (id) => void removed.push(id) };
  const repository = new RunRepository(db.read);
  const decisions: Pick<DecisionTrail, 'within' | 'remove'> = {
    within: (ids) => Promise.resolve([...ids]),
    remove: () => Promise.resolve(),
  };
  return new ExpiredRuns(
    { retention: { auditDays: 0, ...retention } } as Settings,
    repository,
    new SurplusRuns(db.read),
    new RunRemoval(db.transactions, repository, decisions as DecisionTrail, log as OutputLog),
    { now: () => Promise.resolve(NOW) } as BelievedTime,
  );
}

function idOf(n: number): string {
  return String(n).padStart(26, '0');
}

/** In the order of their ids, each finished a second after the one before. */
function runs(...statuses: string[]): Promise<void> {
  const values = statuses.map((status, n) => {
    const at = NOW - DAY_MS + n * 1000;
    const finished = status === 'queued' || status === 'running' ? 'NULL' : String(at);
    return `('${idOf(n)}','MT-1','${status}','{}','loopback',${at},${finished})`;
  });
  return db.tamper(
    `INSERT INTO runs (id, issue, status, request, actor, created_at, finished_at) VALUES ${values.join()}`,
  );
}

async function left(): Promise<string[]> {
  const rows: { id: string }[] = await db.read.manager.query('SELECT id FROM runs ORDER BY id');
  return rows.map(({ id }) => id);
}

async function all(task: ExpiredRuns): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await task.removeSome();
    if (count === 0) return total;
    total += count;
  }
}

describe('runs that are too many', () => {
  it('go with their output, the oldest finished first, whatever became of them', async () => {
    await runs('running', 'failed', 'queued', 'cancelled', 'succeeded', 'lost', 'failed');
    expect(await all(expiry({ runsDays: 90, maxRuns: 2 }))).toBe(3);
    expect(await left()).toEqual([0, 2, 5, 6].map(idOf));
    expect(removed).toEqual([1, 3, 4].map(idOf));
    const { items } = await db.log.page({}, 10);
    expect(items).toMatchObject([
      { action: 'runs.expired', details: JSON.stringify({ count: 3, maxRuns: 2 }) },
    ]);
  });

  it('stay without a limit, and up to it', async () => {
    await runs('failed', 'failed', 'failed');
    expect(await all(expiry({ runsDays: 0, maxRuns: 0 }))).toBe(0);
    expect(await all(expiry({ runsDays: 0, maxRuns: 3 }))).toBe(0);
    expect(await left()).toHaveLength(3);
  });

  it('stay while a repeated request would make them again', async () => {
    await runs('failed', 'failed', 'failed');
    await db.tamper(
      `INSERT INTO idempotency_keys VALUES ('loopback','r','k','h','${idOf(0)}',${NOW})`,
    );
    expect(await all(expiry({ runsDays: 0, maxRuns: 1 }))).toBe(2);
    expect(await left()).toEqual([idOf(0)]);
  });

  it('go in short transactions, however many they are', async () => {
    await runs(...Array.from({ length: 450 }, () => 'cancelled'));
    const task = expiry({ runsDays: 0, maxRuns: 10 });
    expect(await task.removeSome()).toBe(200);
    expect(await all(task)).toBe(240);
    expect((await left())[0]).toBe(idOf(440));
  });
});
