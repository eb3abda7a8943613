import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

import type { Origin } from '../kernel/origin.js';
import type { CollectedDraft } from './commit-hooks.js';
import { dropParameters, isStorageFailure } from './storage-error.js';
import type { AuditDraft, Transaction } from './transactions.js';

const READS = /^\s*(SELECT|EXPLAIN|VALUES)\b/i;
const NOT_FOR_WORKS =
  /^\s*(BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|ATTACH|DETACH|VACUUM)\b/i;
export const MOST_DRAFTS = 16;

/** One run of one work: watches what it does on the shared connection and ends its access. */
export class WorkScope implements Transaction {
  readonly manager: EntityManager;
  readonly drafts: CollectedDraft[] = [];
  readonly #inFlight = new Set<Promise<unknown>>();
  #open = true;
  #wrote = false;
  #storageFailure: unknown;

  constructor(
    dataSource: DataSource,
    runner: QueryRunner,
    readonly origin: Origin,
  ) {
    this.manager = dataSource.createEntityManager(this.#guard(runner));
  }

  /** A statement of the work changed the database, or may have. */
  get wrote(): boolean {
    return this.#wrote;
  }

  /** Set when a statement failed because of the store, even if the work swallowed the error. */
  get storageFailure(): unknown {
    return this.#storageFailure;
  }

  audit({ action, target, details }: AuditDraft, by: Origin = this.origin): void {
    this.#assertOpen();
    if (this.drafts.length === MOST_DRAFTS) {
      throw new Error(`a work leaves at most ${MOST_DRAFTS} audit rows`);
    }
    const draft: AuditDraft = details
      ? { action, target, details: JSON.parse(JSON.stringify(details)) as Record<string, unknown> }
      : { action, target };
    this.drafts.push({ draft, origin: by });
  }

  /** Ends the work's access and waits for statements that it did not wait for itself. */
  async close(): Promise<void> {
    this.#open = false;
    await Promise.allSettled(this.#inFlight);
  }

  #guard(runner: QueryRunner): QueryRunner {
    const guarded = Object.create(runner) as QueryRunner;
    guarded.query = ((sql: string, parameters?: unknown[], structured?: boolean) =>
      this.#query(runner, sql, () =>
        runner.query(sql, parameters as [], structured as true),
      )) as QueryRunner['query'];
    guarded.startTransaction = refuse;
    guarded.commitTransaction = refuse;
    guarded.rollbackTransaction = refuse;
    return guarded;
  }

  async #query<T>(runner: QueryRunner, sql: string, execute: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    if (NOT_FOR_WORKS.test(sql))
      throw new Error('a work controls no transaction and no connection');
    const running = execute();
    this.#inFlight.add(running);
    try {
      const result = await running;
      if (!READS.test(sql)) this.#wrote = true;
      return result;
    } catch (error) {
      dropParameters(error);
      if (isStorageFailure(error)) this.#storageFailure = error;
      throw error;
    } finally {
      this.#inFlight.delete(running);
    }
  }

  #assertOpen(): void {
    if (!this.#open) throw new Error('the work has ended: its transaction cannot be used any more');
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new Error('save, remove and transactions of one’s own are not for works'));
}
