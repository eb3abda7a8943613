import type { RunResult } from 'sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { StatementKeepingDatabase } from './kept-statements.js';

const INSERT = 'INSERT INTO rows (value) VALUES (?)';

let database: StatementKeepingDatabase;
beforeEach(async () => {
  await new Promise<void>((resolve, reject) => {
    database = new StatementKeepingDatabase(':memory:', (error) =>
      error ? reject(error) : resolve(),
    );
  });
  await all('CREATE TABLE rows (id INTEGER PRIMARY KEY, value TEXT UNIQUE)');
});
afterEach(() => close());

function all(sql: string, parameters: unknown[] = []): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    database.all(sql, parameters, (error: Error | null, rows: unknown[]) =>
      error ? reject(error) : resolve(rows),
    );
  });
}

function insert(value: unknown): Promise<{ lastID: number; changes: number }> {
  return new Promise((resolve, reject) => {
    database.run(INSERT, [value], function (this: RunResult, error: Error | null) {
      if (error) reject(error);
      else resolve({ lastID: this.lastID, changes: this.changes });
    });
  });
}

function close(): Promise<void> {
  return new Promise((resolve, reject) => {
    database.close((error) => (error ? reject(error) : resolve()));
  });
}

describe('a connection that keeps its statements', () => {
  it('prepares a text once, and answers as if it had not', async () => {
    const prepare = vi.spyOn(database, 'prepare');
    for (const value of ['a', 'b', 'c']) await insert(value);
    expect(await insert('d')).toEqual({ lastID: 4, changes: 1 });
    expect(await all('SELECT value FROM rows WHERE id > ?', [2])).toHaveLength(2);
    expect(await all('SELECT value FROM rows WHERE id > ?', [3])).toEqual([{ value: 'd' }]);
    expect(prepare).toHaveBeenCalledTimes(2);
  });

  it('answers everybody who asked at once', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, (_, index) => insert(`v${index}`)));
    expect(new Set(made.map(({ lastID }) => lastID)).size).toBe(20);
    expect(await all('SELECT id FROM rows')).toHaveLength(20);
  });

  it('answers everybody who asks for what cannot be prepared, and works once it can', async () => {
    const ask = () => all('SELECT * FROM later');
    const outcomes = await Promise.allSettled([ask(), ask(), ask()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await all('CREATE TABLE later (id)');
    expect(await ask()).toEqual([]);
  });

  it('prepares a text again after it failed', async () => {
    const prepare = vi.spyOn(database, 'prepare');
    await insert('a');
    await expect(insert('a')).rejects.toThrow('UNIQUE');
    expect(await insert('b')).toEqual({ lastID: 2, changes: 1 });
    expect(prepare).toHaveBeenCalledTimes(2);
  });

  it('follows a change of the schema', async () => {
    expect(await all('SELECT * FROM rows')).toEqual([]);
    await all('ALTER TABLE rows ADD COLUMN more DEFAULT 7');
    await insert('a');
    expect(await all('SELECT * FROM rows')).toEqual([{ id: 1, value: 'a', more: 7 }]);
  });

  it('commits and rolls back beside statements that it keeps', async () => {
    for (const end of ['COMMIT', 'ROLLBACK', 'COMMIT']) {
      await all('BEGIN IMMEDIATE');
      await insert(null);
      await all('SELECT count(*) FROM rows');
      await all(end);
    }
    expect(await all('SELECT count(*) AS rows FROM rows')).toEqual([{ rows: 2 }]);
  });

  it('keeps a bounded number of them, the last ones, and lets go of all when it is closed', async () => {
    const prepare = vi.spyOn(database, 'prepare');
    for (let index = 0; index < 200; index += 1) {
      await all(`SELECT ${index}`);
      await insert(`v${index}`);
    }
    expect(prepare).toHaveBeenCalledTimes(201);
    await all('SELECT 0');
    expect(prepare).toHaveBeenCalledTimes(202);
    await close();
    database = new StatementKeepingDatabase(':memory:');
  });
});
