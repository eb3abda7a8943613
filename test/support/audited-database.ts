import { existsSync } from 'node:fs';

import sqlite3 from 'sqlite3';

import { AuditFeed } from '../../src/audit/audit-feed.js';
import { loadAuditKey, type AuditKey } from '../../src/audit/audit-key.js';
import { AuditLog } from '../../src/audit/audit-log.js';
import { AuditTrail } from '../../src/audit/audit-trail.js';
import { AuditVerifier } from '../../src/audit/audit-verifier.js';
import { AuditRepository } from '../../src/audit/audit.repository.js';
import { BreakClassifier } from '../../src/audit/break-classifier.js';
import { ExpiredAuditRows } from '../../src/audit/expired-audit-rows.js';
import { FileAuditAnchor } from '../../src/audit/file-audit-anchor.js';
import { TrailBeginning } from '../../src/audit/trail-beginning.js';
import type { Settings } from '../../src/config/settings.js';
import { Clock, SystemClock } from '../../src/kernel/clock.js';
import { SYSTEM_ORIGIN, type Origin } from '../../src/kernel/origin.js';
import type { BelievedTime } from '../../src/persistence/believed-time.js';
import {
  openTemporaryDatabase,
  type TemporaryDatabase,
  type TemporaryDatabaseOptions,
} from './temporary-database.js';

export interface AuditedDatabase extends TemporaryDatabase {
  readonly key: AuditKey;
  readonly feed: AuditFeed;
  readonly log: AuditLog;
  readonly trail: AuditTrail;
  readonly verifier: AuditVerifier;
  /** What retention does with rows that are older. */
  expire(auditDays: number): Promise<number>;
  readonly anchorFile: string;
  /** One change with one audit row. */
  leaveRow(draft?: { action?: string; target?: string; origin?: Origin }): Promise<void>;
  /** As somebody who can write the database file, beside the service. */
  tamper(sql: string): Promise<void>;
  /** Stops, lets `meanwhile` happen, and opens the same directory again. */
  reopened(meanwhile?: () => unknown): Promise<AuditedDatabase>;
}

/** A temporary database with its audit, wired as `AuditModule` wires it. */
export async function openAuditedDatabase(
  options: TemporaryDatabaseOptions = {},
  clock: Clock = new SystemClock(),
): Promise<AuditedDatabase> {
  const database = await openTemporaryDatabase(options);
  try {
    return await withAudit(database, options, clock);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function withAudit(
  database: TemporaryDatabase,
  options: TemporaryDatabaseOptions,
  clock: Clock,
): Promise<AuditedDatabase> {
  const { directory, hooks, read, transactions } = database;
  const anchorFile = directory.path('audit.head');
  const repository = new AuditRepository(read);
  const exists = (await repository.head()).seq > 0 || existsSync(anchorFile);
  const key = loadAuditKey(directory, exists);
  const anchor = new FileAuditAnchor(anchorFile, key, () => directory.sync());
  const feed = new AuditFeed();
  const trail = new AuditTrail(repository, key, anchor, feed, clock);
  await trail.open();
  hooks.register(trail);
  const classifier = new BreakClassifier(repository, key);
  const beginning = new TrailBeginning(repository, key);
  return {
    ...database,
    key,
    feed,
    trail,
    anchorFile,
    log: new AuditLog(repository),
    verifier: new AuditVerifier(repository, key, anchor, trail, classifier, beginning),
    expire: (auditDays) =>
      new ExpiredAuditRows(
        { retention: { auditDays } } as Settings,
        transactions,
        repository,
        trail,
        beginning,
        { now: () => Promise.resolve(clock.now()) } as BelievedTime,
      ).removeSome(),
    leaveRow: ({ action = 'note.set', target = 'a', origin = SYSTEM_ORIGIN } = {}) =>
      transactions.run(origin, (tx) => Promise.resolve(tx.audit({ action, target }))),
    tamper: (sql) => executeBeside(database.database.file, sql),
    async reopened(meanwhile) {
      await database.close();
      await meanwhile?.();
      return openAuditedDatabase({ ...options, root: directory.root }, clock);
    },
  };
}

/** Executes SQL through a connection of one's own, which waits up to five seconds for the service. */
export function executeBeside(file: string, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const connection = new sqlite3.Database(file);
    connection.configure('busyTimeout', 5000);
    connection.exec(sql, (error) => {
      connection.close(() => (error ? reject(error) : resolve()));
    });
  });
}
