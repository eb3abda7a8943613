import { copyFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';

import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { sized } from '../../test/support/long-form.js';
import { openAuditedDatabase, type AuditedDatabase } from '../../test/support/audited-database.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import { StartupError } from '../kernel/startup-error.js';
import type { AuditRow } from './audit-row.js';

vi.setConfig({ testTimeout: 30_000 });
beforeAll(() => Logger.overrideLogger(false));

const ROWS = 10;
let db: AuditedDatabase;

beforeEach(async () => {
  db = await openAuditedDatabase();
  for (let n = 1; n <= ROWS; n++) await db.leaveRow({ target: `t${n}` });
});
afterEach(() => db.close());
afterAll(removeTemporaryDirectories);

const verify = async (full = false) => (await db.verifier.verify(full)).firstBroken;

/** Moves rows to other numbers, as SQL that survives the unique index. */
const renumber = (condition: string, by: number) =>
  `UPDATE audit_rows SET seq = -(seq + ${by}) WHERE ${condition};
   UPDATE audit_rows SET seq = -seq WHERE seq < 0;`;

const COLUMNS = [
  'at',
  'actor',
  'action',
  'target',
  'request_id',
  'details',
  'prev_hash',
  'hash',
  'key_id',
];
const forge = (seq: number) =>
  `INSERT INTO audit_rows VALUES (${seq}, 1, 'loopback', 'a.b', 'c', NULL, NULL, 'p${seq}', 'h', '${db.key.id}')`;

describe('a whole trail', () => {
  it('verifies, also after a restart, and names how many rows it checked', async () => {
    expect(await db.verifier.verify(false)).toEqual({ ok: true, checked: ROWS, firstBroken: null });
    db = await db.reopened();
    expect(await db.verifier.verify(true)).toEqual({ ok: true, checked: ROWS, firstBroken: null });
    expect(db.trail.trouble).toBeNull();
  });

  it('verifies with any text in its columns', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (target) => {
        await db.leaveRow({ target: `x${target}\ud800"\\\n` });
        expect(await verify()).toBeNull();
      }),
      { numRuns: sized(12, 30) },
    );
  });

  it('verifies while rows are being appended, and joins callers', async () => {
    const appending = Array.from({ length: 200 }, () => db.leaveRow());
    const results = await Promise.all(Array.from({ length: 5 }, () => db.verifier.verify(false)));
    await Promise.all(appending);
    expect(results.every((result) => result.ok)).toBe(true);
    expect(new Set(results).size).toBe(1);
    expect(await verify(true)).toBeNull();
  });

  it('verifies after a crash between COMMIT and the head’s write', async () => {
    const kept = `${db.anchorFile}.kept`;
    copyFileSync(db.anchorFile, kept);
    await db.leaveRow();
    db = await db.reopened(() => copyFileSync(kept, db.anchorFile));
    expect(await verify()).toBeNull();
    expect(db.trail.trouble).toBeNull();
  });

  it('verifies after a torn write of the head: the record before it counts', async () => {
    await db.leaveRow();
    const generation = ROWS + 2;
    db = await db.reopened(() => {
      if (generation % 2 === 1) truncateSync(db.anchorFile, 300);
      else writeFileSync(db.anchorFile, 'torn', { flag: 'r+' });
    });
    expect(await verify()).toBeNull();
  });
});

describe('a trail that was changed', () => {
  it.each(COLUMNS)('names a row whose %s was edited', async (column) => {
    await db.tamper(`UPDATE audit_rows SET ${column} = '77' WHERE seq = 4`);
    expect(await verify()).toEqual({ seq: 4, reason: 'edited' });
  });

  it.each([
    ['the first row', 'DELETE FROM audit_rows WHERE seq = 1', 1],
    ['one row', 'DELETE FROM audit_rows WHERE seq = 5', 5],
    ['several rows', 'DELETE FROM audit_rows WHERE seq BETWEEN 3 AND 6', 3],
  ])('names %s that was deleted', async (_what, sql, seq) => {
    await db.tamper(sql);
    expect(await verify()).toEqual({ seq, reason: 'deleted' });
  });

  it('names a deleted row although the later ones were given its number', async () => {
    await db.tamper(`DELETE FROM audit_rows WHERE seq = 5; ${renumber('seq > 5', -1)}`);
    expect(await verify()).toEqual({ seq: 5, reason: 'deleted' });
  });

  it('names a row that was inserted between', async () => {
    await db.tamper(`${renumber('seq >= 5', 1)} ${forge(5)}`);
    expect(await verify()).toEqual({ seq: 5, reason: 'inserted' });
  });

  it.each([
    ['at the end', ROWS + 1],
    ['past the end', ROWS + 7],
    ['before the first', 0],
    ['far before the first', -9],
  ])('names a row that was inserted %s', async (_where, seq) => {
    await db.tamper(forge(seq));
    expect(await verify()).toEqual({ seq, reason: 'inserted' });
  });

  it('names the first of rows that were swapped', async () => {
    await db.tamper(`UPDATE audit_rows SET seq = -3 WHERE seq = 3; UPDATE audit_rows SET seq = 3 WHERE seq = 8;
      UPDATE audit_rows SET seq = 8 WHERE seq = -3;`);
    expect(await verify()).toEqual({ seq: 3, reason: 'reordered' });
  });

  it('names a row that was moved to the end', async () => {
    await db.tamper('UPDATE audit_rows SET seq = 50 WHERE seq = 3');
    expect(await verify()).toEqual({ seq: 3, reason: 'reordered' });
  });

  it.each([
    ['one', `seq = ${ROWS}`, ROWS],
    ['several', 'seq > 6', 7],
    ['all', 'seq > 0', 1],
  ])(
    'names where %s rows were cut from the end, running and after a restart',
    async (_n, where, seq) => {
      await db.tamper(`DELETE FROM audit_rows WHERE ${where}`);
      expect(await verify()).toEqual({ seq, reason: 'cut_from_end' });
      db = await db.reopened();
      expect(await verify()).toEqual({ seq, reason: 'cut_from_end' });
      expect(db.trail.trouble).toContain('cut_from_end');
    },
  );

  it.each([false, true])(
    'still tells of a cut after new rows came over it (restarted: %s)',
    async (restarted) => {
      await db.tamper('DELETE FROM audit_rows WHERE seq > 6');
      if (restarted) db = await db.reopened();
      for (let n = 0; n < 8; n++) await db.leaveRow();
      expect(await verify()).toEqual({ seq: 7, reason: 'cut_from_end' });
      db = await db.reopened();
      expect(await verify()).toEqual({ seq: 7, reason: 'cut_from_end' });
    },
  );

  it.each([false, true])(
    'tells of rows that were appended beside the service, after new ones too (restarted: %s)',
    async (restarted) => {
      await db.tamper(`${forge(ROWS + 1)}; ${forge(ROWS + 2)}`);
      if (restarted) db = await db.reopened();
      expect(await verify()).toEqual({ seq: ROWS + 1, reason: 'inserted' });
      await db.leaveRow();
      expect(await verify()).toEqual({ seq: ROWS + 1, reason: 'inserted' });
      db = await db.reopened();
      expect(await verify()).toEqual({ seq: ROWS + 1, reason: 'inserted' });
    },
  );

  it('names a genuine row that followed another one, as from an earlier copy of the table', async () => {
    const [row] = await db.log.since(['note.set'], ROWS - 1, 1);
    const spliced = { ...(row as AuditRow), prevHash: 'f'.repeat(64) };
    await db.tamper(
      `UPDATE audit_rows SET prev_hash = '${spliced.prevHash}', hash = '${db.key.hashRow(spliced)}' WHERE seq = ${ROWS}`,
    );
    expect(await verify()).toEqual({ seq: ROWS, reason: 'reordered' });
  });

  it('refuses a chain that another key made', async () => {
    db = await db.reopened(() => writeFileSync(db.directory.path('audit.key'), 'ab'.repeat(32)));
    expect(await verify()).toEqual({ seq: 1, reason: 'unknown_key' });
  });

  it('finds any single change of any row, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: ROWS }),
        fc.constantFrom(...COLUMNS),
        fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }),
        async (seq, column, text) => {
          await db.tamper(`CREATE TABLE kept AS SELECT * FROM audit_rows WHERE seq = ${seq};
            UPDATE audit_rows SET ${column} = 'x${text.replaceAll("'", "''")}' WHERE seq = ${seq}`);
          expect(await verify()).toEqual({ seq, reason: 'edited' });
          await db.tamper(`REPLACE INTO audit_rows SELECT * FROM kept; DROP TABLE kept`);
          expect(await verify()).toBeNull();
        },
      ),
      { numRuns: sized(12, 30) },
    );
  });
});

describe('the head outside the table', () => {
  it('is missed, running, after new rows, and after a restart', async () => {
    rmSync(db.anchorFile);
    expect(await verify()).toEqual({ seq: ROWS, reason: 'anchor_missing' });
    await db.leaveRow();
    await db.leaveRow();
    expect(await verify()).toMatchObject({ reason: 'anchor_missing' });
    db = await db.reopened(() => rmSync(db.anchorFile));
    expect(await verify()).toMatchObject({ reason: 'anchor_missing' });
  });

  it('is seen to be damaged', async () => {
    writeFileSync(db.anchorFile, 'x'.repeat(512));
    expect(await verify()).toEqual({ seq: ROWS, reason: 'anchor_damaged' });
  });

  it('is seen to be of an earlier time while the service runs', async () => {
    const kept = `${db.anchorFile}.kept`;
    copyFileSync(db.anchorFile, kept);
    await db.leaveRow();
    copyFileSync(kept, db.anchorFile);
    expect(await verify()).toEqual({ seq: ROWS + 1, reason: 'anchor_rolled_back' });
  });

  it('is seen to be of an earlier time after a restart, where it is older than a crash explains', async () => {
    const kept = `${db.anchorFile}.kept`;
    copyFileSync(db.anchorFile, kept);
    await Promise.all(Array.from({ length: 1025 }, () => db.leaveRow().catch(() => db.leaveRow())));
    for (let n = 0; n < 30; n++) await db.leaveRow();
    db = await db.reopened(() => copyFileSync(kept, db.anchorFile));
    expect(await verify()).toMatchObject({ reason: 'anchor_rolled_back' });
  });

  it('shows that the table was exchanged for another of the same key', async () => {
    await db.tamper(`CREATE TABLE other AS SELECT * FROM audit_rows`);
    db = await db.reopened(async () => {
      const { executeBeside } = await import('../../test/support/audited-database.js');
      await executeBeside(db.database.file, 'DELETE FROM audit_rows WHERE seq > 5');
      rmSync(db.anchorFile);
    });
    for (let n = 0; n < 10; n++) await db.leaveRow();
    expect(await verify()).toEqual({ seq: 6, reason: 'anchor_missing' });
  });
});

describe('audit.key', () => {
  it('is never made again while rows exist', async () => {
    const reopened = db.reopened(() => rmSync(db.directory.path('audit.key')));
    await expect(reopened).rejects.toThrow(StartupError);
    await expect(reopened).rejects.toThrow('restore it from the backup');
  });

  it('is never made again while the head is there', async () => {
    const reopened = db.reopened(async () => {
      const { executeBeside } = await import('../../test/support/audited-database.js');
      await executeBeside(db.database.file, 'DELETE FROM audit_rows');
      rmSync(db.directory.path('audit.key'));
    });
    await expect(reopened).rejects.toThrow(StartupError);
  });

  it('stops the start when it is damaged', async () => {
    const reopened = db.reopened(() => writeFileSync(db.directory.path('audit.key'), 'short'));
    await expect(reopened).rejects.toThrow('damaged');
  });
});
