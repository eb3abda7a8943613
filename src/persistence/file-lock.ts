import { closeSync, openSync } from 'node:fs';

import sqlite3 from 'sqlite3';

import { StartupError } from '../kernel/startup-error.js';
import { findLockHolder, type LockHolder } from './lock-holder.js';

/**
 * Keeps a second process out of a directory. It is SQLite's own lock on an empty file in it: Node has
 * no file locks, and the kernel drops this one however the process ends, so that none is ever stale.
 */
export class FileLock {
  private constructor(private readonly database: sqlite3.Database) {}

  /**
   * Makes the file, mode 0600, where it is missing.
   *
   * @throws what `inUse` makes when another process still holds the lock after a second; the system's
   *   error where the file cannot be made; StartupError where it cannot be locked.
   */
  static async acquire(
    file: string,
    inUse: (holder: LockHolder | null) => StartupError,
  ): Promise<FileLock> {
    closeSync(openSync(file, 'a', 0o600));
    const database = await open(file);
    try {
      // Nothing is ever written, so a journal on disk would only be left behind.
      await execute(database, 'PRAGMA journal_mode = MEMORY');
      await execute(database, 'BEGIN EXCLUSIVE');
    } catch (error) {
      await close(database);
      if ((error as NodeJS.ErrnoException).code === 'SQLITE_BUSY')
        throw inUse(findLockHolder(file));
      throw new StartupError(`${file} cannot be locked: ${String(error)}`, { cause: error });
    }
    return new FileLock(database);
  }

  async release(): Promise<void> {
    await close(this.database);
  }
}

function open(file: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, (error) => {
      if (error) reject(new StartupError(`${file} cannot be opened: ${error.message}`));
      else resolve(database);
    });
  });
}

function execute(database: sqlite3.Database, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    database.exec(sql, (error) => (error ? reject(error) : resolve()));
  });
}

function close(database: sqlite3.Database): Promise<void> {
  return new Promise((resolve, reject) => {
    database.close((error) => (error ? reject(error) : resolve()));
  });
}
