import sqlite3 from 'sqlite3';

/**
 * The driver for TypeORM, which calls `verbose()` on it: that would record a stack trace for each
 * statement, process-wide.
 */
export const sqliteDriver = { ...sqlite3, verbose: () => sqlite3 };

export const OPEN_READONLY = sqlite3.OPEN_READONLY;
