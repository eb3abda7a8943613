import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';

import { DataSource, getMetadataArgsStorage, type EntityManager } from 'typeorm';
import type { SqliteConnectionOptions } from 'typeorm/driver/sqlite/SqliteConnectionOptions.js';

import { StorageTimings } from '../kernel/storage-timings.js';
import { StartupError } from '../kernel/startup-error.js';
import { DataDirectoryInUse } from './data-directory-in-use.js';
import { removeDrafts, type DataDirectory } from './data-directory.js';
import { FileLock } from './file-lock.js';
import { MIGRATIONS_TABLE, migrate, type MigrationClass } from './schema.js';
import { silentLogger } from './silent-logger.js';
import { OPEN_READONLY, sqliteDriver } from './sqlite.js';
import { translateStorageError } from './storage-error.js';

const BUSY_TIMEOUT_MS = 5000;

/** The open SQLite file: one connection that writes, one that can only read. Stays in this folder. */
export class Database {
  private constructor(
    readonly file: string,
    readonly writing: DataSource,
    private readonly reading: DataSource,
    private readonly lock: FileLock,
  ) {}

  /**
   * Locks the data directory, opens `risoluto.db` (mode 0600, WAL, FULL), and migrates it. Serves
   * every class decorated with `@Entity` that has been imported by then.
   * @throws StartupError
   */
  static async open(
    directory: DataDirectory,
    migrations: readonly MigrationClass[],
    timings = new StorageTimings(),
  ): Promise<Database> {
    const lock = await lockOf(directory);
    const file = directory.path('risoluto.db');
    const opened: DataSource[] = [];
    try {
      removeDrafts(directory);
      makePrivate(file);
      const entities = getMetadataArgsStorage().tables.map((table) => table.target);
      const common = { ...COMMON_OPTIONS, database: file, entities };
      const writing = new DataSource({
        ...common,
        enableWAL: true,
        migrations: [...migrations],
        migrationsTableName: MIGRATIONS_TABLE,
      });
      opened.push(await writing.initialize());
      await prepare(writing, file);
      await migrate(writing, migrations);
      const reading = new DataSource({ ...common, flags: OPEN_READONLY });
      opened.push(await reading.initialize());
      watchReadsOf(reading, timings);
      return new Database(file, writing, reading, lock);
    } catch (error) {
      for (const dataSource of opened.reverse()) await dataSource.destroy();
      await lock.release();
      if (error instanceof StartupError) throw error;
      throw new StartupError(`${file} cannot be opened: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  get readManager(): EntityManager {
    return this.reading.manager;
  }

  /** After the last writer is done. */
  async close(): Promise<void> {
    await this.reading.destroy();
    await this.writing.destroy();
    await this.lock.release();
  }
}

const COMMON_OPTIONS = {
  type: 'sqlite',
  driver: sqliteDriver,
  busyTimeout: BUSY_TIMEOUT_MS,
  synchronize: false,
  logging: false,
  logger: silentLogger,
} as const satisfies Partial<SqliteConnectionOptions>;

/** @throws StartupError */
async function lockOf(directory: DataDirectory): Promise<FileLock> {
  try {
    return await FileLock.acquire(
      directory.path('lock'),
      (holder) => new DataDirectoryInUse(directory.root, holder),
    );
  } catch (error) {
    if (error instanceof StartupError) throw error;
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new StartupError(`DATA_DIR ${directory.root} cannot be locked: ${code}`, {
      cause: error,
    });
  }
}

/** SQLite gives the WAL and its index the mode of the database file. */
function makePrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600));
  for (const part of [file, `${file}-wal`, `${file}-shm`]) {
    if (existsSync(part)) chmodSync(part, 0o600);
  }
}

async function prepare(writing: DataSource, file: string): Promise<void> {
  await writing.query('PRAGMA synchronous = FULL');
  await writing.query('PRAGMA journal_size_limit = 67108864');
  // A checkpoint writes and syncs a page once, however often it was changed since the last one: at the
  // default of 4 MiB a flood of rows with random keys spends most of its time there.
  await writing.query('PRAGMA wal_autocheckpoint = 8192');
  await writing.query('PRAGMA cache_size = -16384');
  const [mode] = (await writing.query('PRAGMA journal_mode')) as { journal_mode: string }[];
  if (mode?.journal_mode !== 'wal') {
    throw new StartupError(`${file} cannot use write-ahead logging: put DATA_DIR on a local disk`);
  }
}

/** The SQLite driver has one query runner a data source, so this reaches every read. */
function watchReadsOf(reading: DataSource, timings: StorageTimings): void {
  const runner = reading.createQueryRunner();
  const query = runner.query.bind(runner);
  runner.query = (async (...parameters: Parameters<typeof query>) => {
    const began = performance.now();
    timings.readBegan();
    try {
      return (await query(...parameters)) as unknown;
    } catch (error) {
      throw translateStorageError(error);
    } finally {
      timings.readEnded((performance.now() - began) / 1000);
    }
  }) as typeof runner.query;
}
