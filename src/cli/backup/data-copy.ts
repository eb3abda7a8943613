import { constants } from 'node:fs';
import { copyFile, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { AuditKey } from '../../audit/audit-key.js';
import { FileAuditAnchor } from '../../audit/file-audit-anchor.js';
import { judgeAnchor } from '../../audit/trail-state.js';
import { DatabaseCopy } from '../../persistence/database-copy.js';
import { AUDIT_HEAD, AUDIT_KEY, DATABASE, FILES } from './manifest.js';

/** A busy service can append more rows between two looks than a crash could have left. */
const ATTEMPTS = 5;
const PAUSE_MS = 200;

/** What is replaced whole while the database stays as it is, so that both must be of one moment. */
const REPLACED = ['secrets.enc'] as const;

export interface DataCopy {
  /** Where the copies lie, under the names that they have in the data directory. */
  readonly directory: string;
  readonly database: DatabaseCopy;
  /** Those of `FILES` that were there. */
  readonly files: readonly string[];
  /** The head outside the table fits the table; where it does not, the trail was broken before. */
  readonly headFits: boolean;
}

/**
 * Copies the database and the files beside it from under a service that may be running. The files come
 * first: the audit's table may be ahead of its head and of the log, never behind.
 */
export async function copyData(dataDir: string, directory: string): Promise<DataCopy> {
  for (let attempt = 1; ; attempt++) {
    await mkdir(directory, { mode: 0o700 });
    const before = await replacedFiles(dataDir);
    const files = await copyFiles(dataDir, directory);
    const database = await DatabaseCopy.take(join(dataDir, DATABASE), join(directory, DATABASE));
    const headFits = await fits(directory, database);
    const quiet = before === (await replacedFiles(dataDir));
    if ((headFits && quiet) || attempt === ATTEMPTS) {
      return { directory, database, files, headFits };
    }
    await database.close();
    await rm(directory, { recursive: true });
    await sleep(PAUSE_MS);
  }
}

async function copyFiles(dataDir: string, directory: string): Promise<string[]> {
  const copied: string[] = [];
  for (const name of FILES) {
    try {
      await copyFile(join(dataDir, name), join(directory, name), constants.COPYFILE_EXCL);
      copied.push(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return copied;
}

async function replacedFiles(dataDir: string): Promise<string> {
  const states = REPLACED.map(async (name) => {
    const found = await stat(join(dataDir, name)).catch(() => null);
    return found === null ? 'none' : `${found.ino} ${found.mtimeMs} ${found.size}`;
  });
  return (await Promise.all(states)).join('\n');
}

/** As the restored service will judge it at its start. */
async function fits(directory: string, database: DatabaseCopy): Promise<boolean> {
  const text = await readFile(join(directory, AUDIT_KEY), 'utf8').catch(() => '');
  const key = new AuditKey(Buffer.from(text.trim(), 'hex'));
  const anchor = await new FileAuditAnchor(join(directory, AUDIT_HEAD), key, () => {}).read();
  if (anchor.state !== 'kept') return false;
  const head = await rowAt(database, 'ORDER BY seq DESC LIMIT 1', []);
  const { seq } = anchor.head;
  const known = seq === 0 ? anchor.head : await rowAt(database, 'WHERE seq = ?', [seq]);
  return judgeAnchor(anchor, head ?? { seq: 0, hash: '' }, known?.hash ?? null) === null;
}

async function rowAt(
  database: DatabaseCopy,
  rest: string,
  parameters: readonly unknown[],
): Promise<{ seq: number; hash: string } | undefined> {
  const sql = `SELECT seq, hash FROM audit_rows ${rest}`;
  const [row] = await database.query<{ seq: number; hash: string }>(sql, parameters);
  return row;
}
