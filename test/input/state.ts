import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import sqlite3 from 'sqlite3';

import type { RunningService } from '../support/service.js';

/** The readiness probe and retention write here by themselves. */
const NOT_STATE = new Set(['storage_probe', 'retention_clock']);

type Row = Record<string, unknown>;

/**
 * All that a request could have changed: every row of every table, the files of the data directory
 * (those that the database writes as it likes by name alone), and the workspaces.
 */
export async function stateOf(service: RunningService): Promise<Record<string, unknown>> {
  return {
    tables: await tablesOf(join(service.dataDir, 'risoluto.db')),
    files: await filesOf(service.dataDir),
    workspaces: await readdir(service.workspacesDir, { recursive: true }).catch(() => []),
  };
}

/** Every row of every table, by the table's name. */
export async function tablesOf(file: string): Promise<Record<string, Row[]>> {
  const database = await opened(file);
  try {
    const names = await all(database, `SELECT name FROM sqlite_master WHERE type = 'table'`);
    const tables: Record<string, Row[]> = {};
    for (const { name } of names) {
      if (typeof name !== 'string' || NOT_STATE.has(name)) continue;
      tables[name] = await all(database, `SELECT * FROM "${name}"`);
    }
    return tables;
  } finally {
    database.close();
  }
}

async function filesOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files: Record<string, string> = {};
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files[path] = entry.name.startsWith('risoluto.db') ? '' : await readFile(path, 'base64');
  }
  return files;
}

function opened(file: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, sqlite3.OPEN_READONLY, (error) =>
      error ? reject(error) : resolve(database),
    );
  });
}

function all(database: sqlite3.Database, sql: string): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    database.all<Row>(sql, (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}
