import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { migrations } from '../../migrations/index.js';
import {
  openTemporaryDatabase,
  removeTemporaryDirectories,
  temporaryDirectory,
  type TemporaryDatabase,
} from '../../test/support/temporary-database.js';
import { SystemClock, type Clock } from '../kernel/clock.js';
import { StartupError } from '../kernel/startup-error.js';
import { DatabaseProbe } from './database-probe.js';

const opened: TemporaryDatabase[] = [];
const open = async (...parameters: Parameters<typeof openTemporaryDatabase>) => {
  const database = await openTemporaryDatabase(...parameters);
  opened.push(database);
  return database;
};

afterEach(async () => {
  for (const database of opened.splice(0)) await database.close();
});
afterAll(removeTemporaryDirectories);

class FromTheFuture2000000000000 implements MigrationInterface {
  readonly name = 'FromTheFuture2000000000000';
  up = (runner: QueryRunner) => runner.query('CREATE TABLE future (id text)');
  down = () => Promise.resolve();
}

class Broken2000000000001 implements MigrationInterface {
  readonly name = 'Broken2000000000001';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half (id text)');
    await runner.query('CREATE TABLE nonsense (');
  }
  down = () => Promise.resolve();
}

describe('Database', () => {
  it('is written with WAL and FULL, with foreign keys and a busy timeout on both connections', async () => {
    const { database, read } = await open();
    const pragma = async (manager: typeof read.manager, name: string): Promise<unknown> => {
      const [row] = await manager.query<Record<string, unknown>[]>(`PRAGMA ${name}`);
      return Object.values(row ?? {})[0];
    };
    expect(await pragma(database.writing.manager, 'journal_mode')).toBe('wal');
    expect(await pragma(database.writing.manager, 'synchronous')).toBe(2);
    for (const manager of [database.writing.manager, read.manager]) {
      expect(await pragma(manager, 'foreign_keys')).toBe(1);
      expect(await pragma(manager, 'busy_timeout')).toBeGreaterThanOrEqual(1000);
    }
  });

  it('leaves no file that another user can read', async () => {
    const { directory } = await open();
    for (const name of readdirSync(directory.root)) {
      expect([name, statSync(directory.path(name)).mode & 0o077]).toEqual([name, 0]);
    }
  });

  it('cannot be written through the read side', async () => {
    const { read } = await open();
    const write = read.manager.query('UPDATE storage_probe SET at = 1');
    await expect(write).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  it('is refused while another process has it, and free again when that one is killed', async () => {
    const first = await open();
    await expect(open({ root: first.directory.root })).rejects.toThrow('in use by another');
    await first.close();
    const held = holdLock(first.directory.path('lock'));
    await expect(open({ root: first.directory.root })).rejects.toThrow(
      `in use by another Risoluto process, ${held.pid} (`,
    );
    held.kill();
    await open({ root: first.directory.root });
  });

  it('is refused when a newer Risoluto has changed it', async () => {
    const newer = await open({ migrations: [...migrations, FromTheFuture2000000000000] });
    await newer.close();
    const older = open({ root: newer.directory.root });
    await expect(older).rejects.toThrow(StartupError);
    await expect(older).rejects.toThrow(/newer Risoluto \(FromTheFuture/);
  });

  it('undoes a migration that fails, and starts again with the code of before', async () => {
    const root = temporaryDirectory();
    await expect(open({ root, migrations: [...migrations, Broken2000000000001] })).rejects.toThrow(
      'could not be migrated',
    );
    const { read } = await open({ root });
    expect(await read.manager.query("SELECT 1 FROM sqlite_master WHERE name = 'half'")).toEqual([]);
  });

  it('says in one line that a file is no database', async () => {
    const root = temporaryDirectory();
    writeFileSync(
      join(root, 'risoluto.db'),
      'not a database, but long enough to be read as one'.repeat(50),
    );
    await expect(open({ root })).rejects.toThrow(/^.*risoluto\.db cannot be opened: .*$/);
  });

  it('goes every migration down and up again', async () => {
    const { database } = await open();
    for (const _ of migrations) await database.writing.undoLastMigration({ transaction: 'each' });
    const tables = (await database.writing.query(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )) as unknown[];
    expect(tables).toEqual([{ name: 'risoluto_migrations' }]);
    await database.writing.runMigrations({ transaction: 'each' });
  });
});

function probe(
  { database, transactions }: TemporaryDatabase,
  clock: Clock = new SystemClock(),
): DatabaseProbe {
  return new DatabaseProbe(database.file, transactions, clock);
}

describe('DatabaseProbe', () => {
  it('is ok when a row can be written', async () => {
    expect(await probe(await open()).check()).toEqual({ status: 'ok' });
  });

  it('fails when it cannot, writes at most every three seconds, and recovers', async () => {
    let now = 0;
    const database = await open();
    const checked = probe(database, { now: () => now, monotonicMs: () => now });
    await database.database.writing.query('PRAGMA query_only = ON');
    expect(await checked.check()).toMatchObject({ status: 'failed' });
    await database.database.writing.query('PRAGMA query_only = OFF');
    expect(await checked.check()).toMatchObject({ status: 'failed' });
    now = 3001;
    expect(await checked.check()).toEqual({ status: 'ok' });
  });

  it('fails within two seconds while something holds the write lock', async () => {
    const database = await open();
    const held = holdLock(database.database.file);
    const before = performance.now();
    expect(await probe(database).check()).toMatchObject({ status: 'failed' });
    expect(performance.now() - before).toBeLessThan(2000);
    held.kill();
  });

  it('fails when the file was taken away', async () => {
    const database = await open();
    const checked = probe(database);
    rmSync(database.database.file);
    expect(await checked.check()).toMatchObject({
      status: 'failed',
      reason: /removed or replaced/,
    });
  });
});

/** Another process that has SQLite's exclusive lock on a file. */
function holdLock(file: string): { pid: number; kill: () => void } {
  const script = `
    const sqlite3 = require('sqlite3');
    const database = new sqlite3.Database(process.argv[1]);
    database.exec('BEGIN EXCLUSIVE', (error) => {
      require('fs').writeFileSync(process.argv[1] + '.held', String(error ?? 'held'));
      setInterval(() => undefined, 1000);
    });`;
  const pid = Number(
    execFileSync(
      'sh',
      ['-c', '"$0" -e "$1" "$2" >/dev/null 2>&1 & echo $!', process.execPath, script, file],
      {
        encoding: 'utf8',
      },
    ),
  );
  const marker = `${file}.held`;
  for (let tries = 0; tries < 200 && !exists(marker); tries++) execFileSync('sleep', ['0.05']);
  rmSync(marker);
  return { pid, kill: () => process.kill(pid, 'SIGKILL') };
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}
