import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { openAuditedDatabase, type AuditedDatabase } from '../../test/support/audited-database.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import { encodeCursor } from '../http/pagination.js';
import type { Clock } from '../kernel/clock.js';
import type { Actor } from '../kernel/origin.js';
import type { AuditFilter } from './audit.repository.js';

vi.setConfig({ testTimeout: 30_000 });

const ACTORS: Actor[] = ['loopback', 'write-token', 'system'];
const ACTIONS = ['secret.set', 'run.created'];
/** The clock goes back in the middle, as when somebody sets it. */
const TIMES = [100, 200, 300, 400, 150, 250, 350, 500, 500, 600];

let db: AuditedDatabase;
let now = 0;
let rows: { seq: number; at: number; actor: string; action: string; target: string }[];

beforeEach(async () => {
  now = 0;
  const clock: Clock = { now: () => now, monotonicMs: () => now };
  db = await openAuditedDatabase({}, clock);
  rows = [];
  for (let n = 0; n < 30; n++) {
    now = TIMES[n % TIMES.length] as number;
    const actor = ACTORS[n % 3] as Actor;
    const action = ACTIONS[n % 2] as string;
    const target = `t${n % 5}`;
    await db.leaveRow({ action, target, origin: { actor, requestId: null } });
    rows.unshift({ seq: n + 1, at: now, actor, action, target });
  }
});
afterEach(() => db.close());
afterAll(removeTemporaryDirectories);

async function pages(filter: AuditFilter, limit: number): Promise<number[]> {
  const found: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await db.log.page(filter, limit, cursor);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    found.push(...page.items.map((row) => row.seq));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

describe('AuditLog', () => {
  it('pages through exactly the rows that any filter means, newest first', async () => {
    const time = fc.integer({ min: 50, max: 650 });
    await fc.assert(
      fc.asyncProperty(
        fc.record(
          {
            actor: fc.constantFrom(...ACTORS),
            action: fc.constantFrom(...ACTIONS),
            target: fc.constantFrom('t0', 't3', 'none'),
            from: time,
            to: time,
          },
          { requiredKeys: [] },
        ),
        fc.integer({ min: 1, max: 31 }),
        async (filter, limit) => {
          const expected = rows.filter(
            (row) =>
              (filter.actor === undefined || row.actor === filter.actor) &&
              (filter.action === undefined || row.action === filter.action) &&
              (filter.target === undefined || row.target === filter.target) &&
              (filter.from === undefined || row.at >= filter.from) &&
              (filter.to === undefined || row.at < filter.to),
          );
          expect(await pages(filter, limit)).toEqual(expected.map((row) => row.seq));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('finds rows of a time to which the clock was set back after the last question', async () => {
    expect(await pages({ from: 600 }, 5)).toEqual([30, 20, 10]);
    now = 700;
    await db.leaveRow();
    expect(await pages({ from: 600 }, 5)).toEqual([31, 30, 20, 10]);
    now = 120;
    await db.leaveRow();
    expect(await pages({ from: 110, to: 160 }, 5)).toEqual([32, 25, 15, 5]);
  });

  it('shows a row once although new ones come between pages', async () => {
    const first = await db.log.page({}, 10);
    await db.leaveRow();
    const second = await db.log.page({}, 10, first.nextCursor ?? '');
    expect(second.items.map((row) => row.seq)).toEqual([20, 19, 18, 17, 16, 15, 14, 13, 12, 11]);
  });

  it.each<[(string | number)[]]>([
    [['x', 1]],
    [[1]],
    [[1, 2, 3]],
    [[-1, 0]],
    [[1.5, 0]],
    [[Number.MAX_VALUE, 1]],
  ])('refuses the cursor %j', async (parts) => {
    const page = db.log.page({}, 10, encodeCursor(parts));
    await expect(page).rejects.toMatchObject({ code: 'invalid_cursor' });
  });

  it.each(['actor', 'action', 'target'])('looks %s up in its own index', async (column) => {
    const plan = (await db.read.manager.query(
      `EXPLAIN QUERY PLAN SELECT * FROM audit_rows WHERE ${column} = 'x' AND seq BETWEEN 1 AND 9 ORDER BY seq DESC LIMIT 51`,
    )) as { detail: string }[];
    const text = plan.map((step) => step.detail).join('; ');
    expect(text).toContain(`audit_rows_${column}`);
    expect(text).not.toMatch(/SCAN|TEMP B-TREE/);
  });
});
