import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { migrations as allMigrations } from '../../migrations/index.js';
import type { StorageTimings } from '../../src/kernel/storage-timings.js';
import { CommitHooks } from '../../src/persistence/commit-hooks.js';
import { DataDirectory } from '../../src/persistence/data-directory.js';
import { Database } from '../../src/persistence/database.js';
import { GroupCommit, type LineLimits } from '../../src/persistence/group-commit.js';
import type { ReadSource } from '../../src/persistence/read-source.js';
import type { MigrationClass } from '../../src/persistence/schema.js';

export interface TemporaryDatabase {
  readonly directory: DataDirectory;
  readonly database: Database;
  readonly hooks: CommitHooks;
  readonly transactions: GroupCommit;
  readonly read: ReadSource;
  /** Errors of `afterCommit` hooks. */
  readonly hookErrors: unknown[];
  /** Ends writes and closes the files, which stay. */
  close(): Promise<void>;
}

export interface TemporaryDatabaseOptions {
  /** Opens what an earlier one left; else a new directory is made. */
  root?: string;
  migrations?: readonly MigrationClass[];
  limits?: LineLimits;
  timings?: StorageTimings;
}

const roots: string[] = [];

/** A real, migrated database in a directory of its own, as the service opens it. */
export async function openTemporaryDatabase(
  options: TemporaryDatabaseOptions = {},
): Promise<TemporaryDatabase> {
  const directory = DataDirectory.open(options.root ?? temporaryDirectory());
  const database = await Database.open(
    directory,
    options.migrations ?? allMigrations,
    options.timings,
  );
  const hooks = new CommitHooks();
  const hookErrors: unknown[] = [];
  const transactions = new GroupCommit(
    database.writing,
    hooks,
    (error) => hookErrors.push(error),
    options.limits,
    options.timings,
  );
  let closed = false;
  return {
    directory,
    database,
    hooks,
    transactions,
    hookErrors,
    read: { manager: database.readManager },
    async close() {
      if (closed) return;
      closed = true;
      await transactions.close();
      await database.close();
    },
  };
}

/** Removed by `removeTemporaryDirectories`. */
export function temporaryDirectory(): string {
  const root = mkdtempSync(join(tmpdir(), 'risoluto-test-'));
  roots.push(root);
  return root;
}

export function removeTemporaryDirectories(): void {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
}
