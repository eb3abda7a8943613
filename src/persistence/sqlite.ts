import sqlite3 from 'sqlite3';

import { StatementKeepingDatabase } from './kept-statements.js';

/**
 * The driver for TypeORM, which calls `verbose()` on it: that would record a stack trace for each
 * statement, process-wide.
 */
const driver = { ...sqlite3, Database: StatementKeepingDatabase };

export const sqliteDriver = { ...driver, verbose: () => driver };

export const OPEN_READONLY = sqlite3.OPEN_READONLY;
