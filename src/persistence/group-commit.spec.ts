import fc from 'fast-check';
import sqlite3 from 'sqlite3';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  openTemporaryDatabase,
  removeTemporaryDirectories,
  type TemporaryDatabase,
} from '../../test/support/temporary-database.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import type { Transaction } from './transactions.js';

let db: TemporaryDatabase;

beforeEach(async () => {
  db = await openTemporaryDatabase({ limits: { waiting: 200, group: 16 } });
  await db.database.writing.query('CREATE TABLE notes (id text PRIMARY KEY, body text NOT NULL)');
});
afterEach(() => db.close());
afterAll(removeTemporaryDirectories);

const insert = (tx: Transaction, id: string): Promise<unknown> =>
  tx.manager.query('INSERT INTO notes (id, body) VALUES (?, ?)', [id, 'x']);

const run = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
  db.transactions.run(SYSTEM_ORIGIN, work);

async function ids(): Promise<string[]> {
  const rows = (await db.read.manager.query('SELECT id FROM notes ORDER BY id')) as {
    id: string;
  }[];
  return rows.map((row) => row.id);
}

describe('GroupCommit', () => {
  it('answers a caller after its rows can be read by another connection', async () => {
    await run((tx) => insert(tx, 'a'));
    expect(await ids()).toEqual(['a']);
  });

  it('rolls back a caller that fails after it wrote, and keeps its neighbours', async () => {
    const answers = await Promise.allSettled([
      run((tx) => insert(tx, 'a')),
      run(async (tx) => {
        await insert(tx, 'lost');
        throw new Error('mine');
      }),
      run((tx) => insert(tx, 'b')),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(answers[1]).toMatchObject({ reason: { message: 'mine' } });
    expect(await ids()).toEqual(['a', 'b']);
  });

  it('refuses all who waited while another process kept the database, and takes the next', async () => {
    const other = new sqlite3.Database(db.database.file);
    const execute = (sql: string) =>
      new Promise<void>((resolve, reject) => {
        other.exec(sql, (error) => (error ? reject(error) : resolve()));
      });
    await execute('BEGIN IMMEDIATE');
    const asked = performance.now();
    const answers = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => run((tx) => insert(tx, `locked-${n}`))),
    );
    expect(performance.now() - asked).toBeLessThan(12_000);
    for (const answer of answers) {
      expect(answer).toMatchObject({ reason: { code: 'storage_unavailable' } });
    }
    await execute('ROLLBACK');
    await run((tx) => insert(tx, 'free'));
    expect(await ids()).toEqual(['free']);
    await new Promise((resolve) => {
      other.close(resolve);
    });
  }, 30_000);

  it('refuses a caller that failed before it wrote without running its neighbours again', async () => {
    let runs = 0;
    const neighbour = run((tx) => (runs++, insert(tx, 'a')));
    await expect(run(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    await neighbour;
    expect(runs).toBe(1);
  });

  it('judges a caller by committed rows: the one that made it fail was rolled back', async () => {
    const first = run(async (tx) => {
      await insert(tx, 'name');
      throw new Error('gone');
    });
    const second = run(async (tx) => {
      await insert(tx, 'other');
      await insert(tx, 'name');
    });
    await expect(first).rejects.toThrow();
    await expect(second).resolves.toBeUndefined();
    expect(await ids()).toEqual(['name', 'other']);
  });

  it('holds the verdict of a caller that only read until the rows that it read are decided', async () => {
    const failing = run(async (tx) => {
      await insert(tx, 'taken');
      throw new Error('gone');
    });
    const reader = run(async (tx) => {
      const found = (await tx.manager.query('SELECT id FROM notes')) as unknown[];
      if (found.length > 0) throw new Error('taken');
      return 'free';
    });
    await expect(failing).rejects.toThrow('gone');
    await expect(reader).resolves.toBe('free');
  });

  it('waits for statements that a failing work left behind, then undoes them', async () => {
    await expect(
      run(async (tx) => {
        void insert(tx, 'left-behind').catch(() => undefined);
        await Promise.resolve();
        throw new Error('early');
      }),
    ).rejects.toThrow('early');
    await run((tx) => insert(tx, 'next'));
    expect(await ids()).toEqual(['next']);
  });

  it('ends the access of a work that has ended', async () => {
    let leaked: Transaction | undefined;
    await run(async (tx) => {
      leaked = tx;
      await insert(tx, 'a');
    });
    await expect(insert(leaked as Transaction, 'b')).rejects.toThrow('has ended');
    expect(() => (leaked as Transaction).audit({ action: 'a.b', target: 'c' })).toThrow(
      'has ended',
    );
  });

  it.each(['COMMIT', ' rollback', 'SAVEPOINT x', 'PRAGMA synchronous=OFF', "ATTACH 'x' AS y"])(
    'refuses %s in a work',
    async (sql) => {
      await expect(run((tx) => tx.manager.query(sql))).rejects.toThrow('controls no transaction');
    },
  );

  it('refuses a transaction inside a work', async () => {
    await expect(run((tx) => tx.manager.transaction(() => Promise.resolve()))).rejects.toThrow(
      'not for works',
    );
  });

  it('answers storage_busy past the bound of the line, and serves those that wait', async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 300 }, (_, n) => run((tx) => insert(tx, `n${n}`))),
    );
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused.length).toBe(100);
    for (const answer of refused) expect(answer.reason).toMatchObject({ code: 'storage_busy' });
    expect((await ids()).length).toBe(200);
  });

  it('refuses drafts that nobody keeps: no change without its audit row', async () => {
    const change = run(async (tx) => {
      await insert(tx, 'a');
      tx.audit({ action: 'note.set', target: 'a' });
    });
    await expect(change).rejects.toThrow('no audit');
    expect(await ids()).toEqual([]);
  });

  it('calls hooks with the drafts of callers that succeed, answers after them, and keeps the change when afterCommit fails', async () => {
    const seen: string[][] = [];
    const order: string[] = [];
    db.hooks.register({
      beforeCommit: (_manager, drafts) => {
        seen.push(drafts.map(({ draft }) => draft.target));
        return Promise.resolve();
      },
      afterCommit: () => {
        order.push('hook');
        return Promise.reject(new Error('disk'));
      },
    });
    const noted = (id: string, fails = false) =>
      run(async (tx) => {
        tx.audit({ action: 'note.set', target: id });
        if (fails) throw new Error('refused');
        await insert(tx, id);
      }).then(() => order.push(id));
    await Promise.allSettled([noted('a'), noted('b', true), noted('c')]);
    expect(seen).toEqual([['a', 'c']]);
    expect(order).toEqual(['hook', 'a', 'c']);
    expect(db.hookErrors).toHaveLength(1);
    expect(await ids()).toEqual(['a', 'c']);
  });

  it('answers storage_unavailable to all while another process holds the write lock, and recovers', async () => {
    await db.database.writing.query('PRAGMA busy_timeout = 50');
    const other = await openIntruder(db.database.file);
    await other.run('BEGIN IMMEDIATE');
    const answers = await Promise.allSettled([
      run((tx) => insert(tx, 'a')),
      run((tx) => insert(tx, 'b')),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'storage_unavailable' } });
    }
    await other.run('ROLLBACK');
    await run((tx) => insert(tx, 'c'));
    expect(await ids()).toEqual(['c']);
    await other.close();
  });

  it('lets no half of a group through when the disk is full, even if a work swallows the error', async () => {
    const writing = db.database.writing;
    const [{ page_count: pages }] = (await writing.query('PRAGMA page_count')) as [
      { page_count: number },
    ];
    await writing.query(`PRAGMA max_page_count = ${pages + 2}`);
    const answers = await Promise.allSettled([
      run((tx) => insert(tx, 'before')),
      run((tx) =>
        tx.manager
          .query('INSERT INTO notes (id, body) VALUES (?, ?)', ['big', 'x'.repeat(200_000)])
          .catch(() => 'swallowed'),
      ),
      run((tx) => insert(tx, 'after')),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'storage_unavailable' } });
    }
    expect(await ids()).toEqual([]);
    await writing.query('PRAGMA max_page_count = 100000');
    await run((tx) => insert(tx, 'later'));
    expect(await ids()).toEqual(['later']);
  });

  it('keeps no statement parameter on the error of a statement', async () => {
    await run((tx) => insert(tx, 'canary'));
    const error: unknown = await run((tx) => insert(tx, 'canary')).catch(
      (caught: unknown) => caught,
    );
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('canary');
  });

  it('takes no work after close and answers those that wait', async () => {
    const waiting = run((tx) => insert(tx, 'a'));
    await db.transactions.close();
    await expect(waiting).resolves.toBeDefined();
    await expect(run((tx) => insert(tx, 'b'))).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it('leaves exactly the rows of the callers that were told so, whatever fails how', async () => {
    const kind = fc.constantFrom('write', 'fail-early', 'fail-late', 'duplicate', 'nothing');
    await fc.assert(
      fc.asyncProperty(fc.array(kind, { minLength: 1, maxLength: 40 }), async (kinds) => {
        await run((tx) => tx.manager.query('DELETE FROM notes'));
        const answers = await Promise.allSettled(
          kinds.map((what, n) =>
            run(async (tx) => {
              if (what === 'fail-early') throw new Error(what);
              if (what === 'nothing') return;
              await insert(tx, what === 'duplicate' ? 'same' : `n${n}`);
              if (what === 'fail-late') throw new Error(what);
            }),
          ),
        );
        const duplicates = kinds.map((what, n) => what === 'duplicate' && answers[n]?.status);
        const expected = kinds.flatMap((what, n) => (what === 'write' ? [`n${n}`] : []));
        if (duplicates.some(Boolean)) expected.push('same');
        expect(await ids()).toEqual(expected.sort());
        expect(duplicates.filter((status) => status === 'fulfilled').length).toBe(
          duplicates.some(Boolean) ? 1 : 0,
        );
        kinds.forEach((what, n) => {
          if (what === 'duplicate') return;
          expect(answers[n]?.status).toBe(what.startsWith('fail') ? 'rejected' : 'fulfilled');
        });
      }),
      { numRuns: 60 },
    );
  });
});

async function openIntruder(file: string) {
  const { default: sqlite3 } = await import('sqlite3');
  const connection = new sqlite3.Database(file);
  return {
    run: (sql: string) =>
      new Promise<void>((resolve, reject) => {
        connection.exec(sql, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => new Promise<void>((resolve) => connection.close(() => resolve())),
  };
}
