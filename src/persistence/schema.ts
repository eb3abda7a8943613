import type { DataSource, MigrationInterface } from 'typeorm';

import { StartupError } from '../kernel/startup-error.js';

export type MigrationClass = new () => MigrationInterface;

/** Our own name: a database of an earlier Risoluto may hold a table `migrations`. */
export const MIGRATIONS_TABLE = 'risoluto_migrations';

/**
 * Brings the schema level with the code, each migration in its own transaction.
 * @throws StartupError for a database that a newer Risoluto has changed, and when a migration fails.
 */
export async function migrate(
  dataSource: DataSource,
  known: readonly MigrationClass[],
): Promise<void> {
  const newer = await unknownMigrations(dataSource, known);
  if (newer.length > 0) {
    throw new StartupError(
      `the database was changed by a newer Risoluto (${newer.join(', ')}): install that version, or restore a backup of this one`,
    );
  }
  try {
    await dataSource.runMigrations({ transaction: 'each' });
  } catch (error) {
    throw new StartupError(`the database could not be migrated: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function unknownMigrations(
  dataSource: DataSource,
  known: readonly MigrationClass[],
): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  if (!(await runner.hasTable(MIGRATIONS_TABLE))) return [];
  const names = new Set(known.map((migration) => new migration().name ?? migration.name));
  const rows = (await dataSource.query(`SELECT name FROM ${MIGRATIONS_TABLE}`)) as {
    name: string;
  }[];
  return rows.map((row) => row.name).filter((name) => !names.has(name));
}
