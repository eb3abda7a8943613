import { chmodSync, closeSync, openSync } from 'node:fs';

import sqlite3 from 'sqlite3';

const BUSY_TIMEOUT_MS = 30_000;

/** A copy of the database of one moment, beside whoever has the original open. */
export class DatabaseCopy {
  private constructor(private readonly database: sqlite3.Database) {}

  /**
   * Writes what is committed by now to a new file (mode 0600) and opens it. It needs no lock of the
   * data directory: writers go on meanwhile, and what they commit is not in the copy. What was
   * deleted is not in it either.
   */
  static async take(file: string, target: string): Promise<DatabaseCopy> {
    closeSync(openSync(target, 'wx', 0o600));
    const original = await open(file);
    try {
      original.configure('busyTimeout', BUSY_TIMEOUT_MS);
      await run(original, 'VACUUM INTO ?', [target]);
    } finally {
      await close(original);
    }
    chmodSync(target, 0o600);
    return new DatabaseCopy(await open(target));
  }

  query<T>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return new Promise((resolve, reject) => {
      this.database.all<T>(sql, [...parameters], (error, rows) =>
        error ? reject(error) : resolve(rows),
      );
    });
  }

  close(): Promise<void> {
    return close(this.database);
  }
}

function open(file: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, sqlite3.OPEN_READONLY, (error) =>
      error ? reject(error) : resolve(database),
    );
  });
}

function run(database: sqlite3.Database, sql: string, parameters: unknown[]): Promise<void> {
  return new Promise((resolve, reject) => {
    database.run(sql, parameters, (error) => (error ? reject(error) : resolve()));
  });
}

function close(database: sqlite3.Database): Promise<void> {
  return new Promise((resolve, reject) => {
    database.close((error) => (error ? reject(error) : resolve()));
  });
}
