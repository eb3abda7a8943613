import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { executeBeside, openAuditedDatabase } from '../../test/support/audited-database.js';
import type { AuditedDatabase } from '../../test/support/audited-database.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import { Clock } from '../kernel/clock.js';
import { TRAIL_SHORTENED } from './trail-beginning.js';

vi.setConfig({ testTimeout: 30_000 });
beforeAll(() => Logger.overrideLogger(false));

const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2030, 0, 1);

/** Stands where it is set, in days since the first one. */
class SetClock extends Clock {
  day = 0;

  now(): number {
    return FIRST_DAY + this.day * DAY_MS;
  }

  monotonicMs(): number {
    return this.day * DAY_MS;
  }
}

let clock: SetClock;
let db: AuditedDatabase;
beforeEach(async () => {
  clock = new SetClock();
  db = await openAuditedDatabase({}, clock);
  for (let n = 1; n <= 10; n++) {
    clock.day = n;
    await db.leaveRow({ target: `t${n}` });
  }
});
afterEach(() => db.close());
afterAll(removeTemporaryDirectories);

interface Kept {
  seq: number;
  action: string;
  details: string | null;
}
const rows = (): Promise<Kept[]> =>
  db.read.manager.query('SELECT seq, action, details FROM audit_rows ORDER BY seq');
const seqs = async () => (await rows()).map(({ seq }) => seq);
const verify = (full = true) => db.verifier.verify(full);
const broken = async () => (await verify()).firstBroken;

/** Everything of the table, to be put back later. */
async function copied(upTo: number): Promise<string> {
  const columns =
    'seq, at, actor, action, target, request_id, details, prev_hash, hash, key_id'.split(', ');
  const kept: Record<string, string | number | null>[] = await db.read.manager.query(
    `SELECT ${columns.join(', ')} FROM audit_rows WHERE seq <= ?`,
    [upTo],
  );
  const literal = (value: string | number | null | undefined) =>
    value === null || value === undefined ? 'NULL' : `'${String(value).replaceAll("'", "''")}'`;
  return kept
    .map(
      (row) =>
        `INSERT INTO audit_rows (${columns.join(', ')}) VALUES (${columns.map((name) => literal(row[name])).join(', ')});`,
    )
    .join('\n');
}

async function leaveRows(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 500) {
    await Promise.all(Array.from({ length: Math.min(left, 500) }, () => db.leaveRow()));
  }
}

describe('rows of the trail that are too old', () => {
  it('stay for ever unless the operator says how long', async () => {
    clock.day = 30_000;
    expect(await db.expire(0)).toBe(0);
    expect(await seqs()).toHaveLength(10);
  });

  it('are removed up to the first that is not, and a signed row says so', async () => {
    clock.day = 11;
    expect(await db.expire(4)).toBe(6);
    const kept = await rows();
    expect(kept.map(({ seq }) => seq)).toEqual([7, 8, 9, 10, 11]);
    expect(kept.at(-1)).toMatchObject({ action: TRAIL_SHORTENED });
    expect(JSON.parse(kept.at(-1)?.details ?? '')).toMatchObject({ seq: 6, count: 6 });
    expect(await verify()).toEqual({ ok: true, checked: 5, firstBroken: null });
    expect(await db.expire(4)).toBe(0);
    expect(await seqs()).toHaveLength(5);
  });

  it('are removed again later, with the checkpoint before, and verify after a restart', async () => {
    clock.day = 11;
    await db.expire(4);
    clock.day = 30;
    expect(await db.expire(4)).toBe(4);
    await db.leaveRow();
    clock.day = 60;
    await db.leaveRow();
    expect(await db.expire(4)).toBe(3);
    expect(await seqs()).toEqual([14, 15]);
    db = await db.reopened();
    expect(db.trail.trouble).toBeNull();
    expect(await verify()).toEqual({ ok: true, checked: 2, firstBroken: null });
    await db.leaveRow();
    expect(await broken()).toBeNull();
  });

  it('never include the last one, and few of them wait for a day', async () => {
    clock.day = 1000;
    expect(await db.expire(1)).toBe(9);
    expect(await seqs()).toEqual([10, 11]);
    clock.day = 1001.5;
    expect(await db.expire(1)).toBe(1);
    await db.leaveRow();
    clock.day = 1003;
    await db.leaveRow();
    expect(await db.expire(1)).toBe(0);
    clock.day = 1003.6;
    expect(await db.expire(1)).toBe(3);
    clock.day = 2000;
    expect(await db.expire(1)).toBe(1);
    // Nothing but a checkpoint is left.
    expect(await db.expire(1)).toBe(0);
    expect(await broken()).toBeNull();
  });

  it('go 1,000 at a time', async () => {
    await leaveRows(2300);
    clock.day = 100;
    const removed = [];
    for (let count = await db.expire(1); count > 0; count = await db.expire(1)) removed.push(count);
    expect(removed).toEqual([1000, 1000, 310]);
    expect(await broken()).toBeNull();
  });

  it('verify while they are being removed', async () => {
    await leaveRows(3000);
    clock.day = 100;
    const removing = (async () => {
      while ((await db.expire(1)) > 0) await db.leaveRow();
    })();
    let found = 0;
    for (let over = false; !over; found += 1) {
      over = await Promise.race([removing.then(() => true), verify().then(expectSound)]);
    }
    expect(found).toBeGreaterThan(1);
  });
});

function expectSound({ firstBroken }: { firstBroken: unknown }): boolean {
  expect(firstBroken).toBeNull();
  return false;
}

describe('whoever can write the file and has no key', () => {
  it('cannot remove rows without a checkpoint', async () => {
    await db.tamper('DELETE FROM audit_rows WHERE seq <= 3');
    expect(await broken()).toEqual({ seq: 1, reason: 'deleted' });
    clock.day = 100;
    expect(await db.expire(1)).toBe(0);
  });

  it('cannot remove more than the checkpoint names', async () => {
    clock.day = 11;
    await db.expire(4);
    await db.tamper('DELETE FROM audit_rows WHERE seq = 7');
    expect(await broken()).toEqual({ seq: 7, reason: 'deleted' });
  });

  it('cannot remove the checkpoint', async () => {
    clock.day = 11;
    await db.expire(4);
    await db.leaveRow();
    await db.tamper(`DELETE FROM audit_rows WHERE action = '${TRAIL_SHORTENED}'`);
    expect((await broken())?.reason).toBe('deleted');
  });

  it('cannot move the checkpoint on, nor forge one', async () => {
    clock.day = 11;
    await db.expire(4);
    const [next] = (await db.read.manager.query('SELECT hash FROM audit_rows WHERE seq = 8')) as {
      hash: string;
    }[];
    const details = JSON.stringify({ seq: 8, hash: next?.hash, count: 8 });
    await db.tamper(
      `UPDATE audit_rows SET details = '${details}' WHERE seq = 11;
       DELETE FROM audit_rows WHERE seq <= 8`,
    );
    expect(await verify()).toMatchObject({ ok: false });
    await db.tamper(
      `INSERT INTO audit_rows SELECT 12, at, actor, action, target, request_id, details, 'p', 'h', key_id
       FROM audit_rows WHERE seq = 11`,
    );
    expect(await verify()).toMatchObject({ ok: false });
  });

  it('cannot put an older beginning or single old rows back', async () => {
    const before = await copied(6);
    clock.day = 11;
    await db.expire(4);
    await db.tamper(before.split('\n').slice(2, 3).join(''));
    expect(await broken()).toEqual({ seq: 3, reason: 'inserted' });
  });

  it('cannot have a broken row aged out, nor the notice of one', async () => {
    await db.tamper("UPDATE audit_rows SET target = 'x' WHERE seq = 5");
    clock.day = 100;
    expect(await db.expire(1)).toBe(4);
    expect(await broken()).toEqual({ seq: 5, reason: 'edited' });
    expect(await db.expire(1)).toBe(0);
    expect(await broken()).toEqual({ seq: 5, reason: 'edited' });
  });

  it('is seen whatever single column of whatever row is changed', async () => {
    clock.day = 11;
    await db.expire(4);
    const file = db.database.file;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 7, max: 11 }),
        fc.constantFrom('at', 'actor', 'action', 'target', 'details', 'prev_hash', 'hash'),
        async (seq, column) => {
          const [row] = (await db.read.manager.query(
            `SELECT ${column} AS value FROM audit_rows WHERE seq = ?`,
            [seq],
          )) as { value: string | number | null }[];
          const set = (value: string) =>
            executeBeside(file, `UPDATE audit_rows SET ${column} = ${value} WHERE seq = ${seq}`);
          await set(column === 'at' ? '1' : "'other'");
          expect((await verify()).ok).toBe(false);
          const { value } = row ?? { value: null };
          await set(value === null ? 'NULL' : `'${value}'`);
          expect(await broken()).toBeNull();
        },
      ),
      { numRuns: 25 },
    );
  });
});
