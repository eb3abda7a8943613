import type { DataSource, QueryRunner } from 'typeorm';

import { DomainError } from '../kernel/domain-error.js';
import type { Origin } from '../kernel/origin.js';
import { StorageTimings } from '../kernel/storage-timings.js';
import type { CollectedDraft, CommitHooks } from './commit-hooks.js';
import { storageUnavailable, translateStorageError } from './storage-error.js';
import { Transactions, type Transaction } from './transactions.js';
import { WorkScope } from './work-scope.js';

export interface LineLimits {
  /** Callers that may wait; one more is answered `storage_busy`. */
  readonly waiting: number;
  /** Works that share one transaction at most. */
  readonly group: number;
}

const LIMITS: LineLimits = { waiting: 1024, group: 64 };

/** How long a stopping service waits for another process that has the database. */
const HASTY_MS = 500;

interface Caller {
  readonly origin: Origin;
  readonly since: number;
  readonly work: (tx: Transaction) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface RanWorks {
  readonly answers: readonly (() => void)[];
  readonly drafts: readonly CollectedDraft[];
  readonly spoiler: { readonly caller: Caller; readonly error: unknown } | null;
}

/**
 * The one owner of SQLite's writing connection. Works that wait run one after another inside one
 * BEGIN IMMEDIATE, and all callers are answered after its COMMIT. There is no SAVEPOINT a caller (it
 * costs a quarter of the throughput): a work that failed before it wrote is refused alone; for one
 * that failed after it wrote the group is rolled back, the others run again without it, and it gets
 * its own transaction, so that its verdict rests on committed rows alone.
 */
export class GroupCommit extends Transactions {
  readonly #runner: QueryRunner;
  readonly #line: Caller[] = [];
  #serving: Promise<void> | null = null;
  #closed = false;
  #hasty: 'no' | 'asked' | 'yes' = 'no';

  constructor(
    private readonly dataSource: DataSource,
    private readonly hooks: CommitHooks,
    private readonly onHookError: (error: unknown) => void,
    private readonly limits: LineLimits = LIMITS,
    private readonly timings = new StorageTimings(),
  ) {
    super();
    this.#runner = dataSource.createQueryRunner();
  }

  run<T>(origin: Origin, work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new DomainError('shutting_down', 'The service is stopping'));
    }
    if (this.#line.length >= this.limits.waiting) {
      return Promise.reject(
        new DomainError('storage_busy', 'Too many changes are waiting for the database', {
          retryAfterSeconds: 1,
        }),
      );
    }
    return new Promise<T>((resolve, reject) => {
      const answer = { resolve: resolve as (value: unknown) => void, reject };
      this.#line.push({ origin, work, since: performance.now(), ...answer });
      this.#serving ??= this.#serve();
    });
  }

  hasten(): void {
    if (this.#hasty === 'no') this.#hasty = 'asked';
  }

  /** Takes no new work and answers those that wait. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#serving;
  }

  async #serve(): Promise<void> {
    // One turn of the microtask queue lets callers of the same moment share the first group.
    await Promise.resolve();
    while (this.#line.length > 0) {
      const group = this.#line.splice(0, this.limits.group);
      const now = performance.now();
      for (const { since } of group) this.timings.workTaken((now - since) / 1000);
      await this.#settle(group);
    }
    this.#serving = null;
  }

  async #settle(group: readonly Caller[]): Promise<void> {
    const failed = await this.#attempt(group);
    if (!failed) return;
    const others = group.filter((caller) => caller !== failed);
    const alone = others.length > 0 && (await this.#attempt(others)) ? others : [];
    for (const caller of [...alone, failed]) await this.#attempt([caller]);
  }

  /**
   * One transaction. Answers all callers of the group, or none: then it was rolled back because of
   * the caller returned, which cannot happen in a group of one.
   */
  async #attempt(group: readonly Caller[]): Promise<Caller | undefined> {
    const began = performance.now();
    const ended = (committed: boolean) => {
      const seconds = (performance.now() - began) / 1000;
      this.timings.groupEnded({ works: group.length, committed, seconds });
    };
    let ran: RanWorks;
    try {
      await this.#begin().catch((error: unknown) => {
        this.#refuseWaiting(began, error);
        throw error;
      });
      ran = await this.#runWorks(group);
      if (ran.spoiler && group.length === 1) throw ran.spoiler.error;
      if (!ran.spoiler && ran.drafts.length > 0) {
        await this.hooks.beforeCommit(this.dataSource.manager, ran.drafts);
      }
      await this.#runner.query(ran.spoiler ? 'ROLLBACK' : 'COMMIT');
    } catch (error) {
      await this.#rollback();
      ended(false);
      for (const caller of group) caller.reject(translateStorageError(error));
      return undefined;
    }
    ended(ran.spoiler === null);
    if (ran.spoiler) return ran.spoiler.caller;
    if (ran.drafts.length > 0) await this.hooks.afterCommit(this.onHookError);
    for (const answer of ran.answers) answer();
    return undefined;
  }

  /** Stops at the first caller that fails after it wrote. */
  async #runWorks(group: readonly Caller[]): Promise<RanWorks> {
    const answers: (() => void)[] = [];
    const drafts: CollectedDraft[] = [];
    for (const caller of group) {
      const scope = new WorkScope(this.dataSource, this.#runner, caller.origin);
      const outcome = await runOnce(caller, scope);
      if (scope.storageFailure) throw storageUnavailable(scope.storageFailure);
      if (!('error' in outcome)) {
        drafts.push(...scope.drafts);
        answers.push(() => caller.resolve(outcome.value));
      } else if (scope.wrote) {
        return { answers, drafts, spoiler: { caller, error: outcome.error } };
      } else answers.push(() => caller.reject(outcome.error));
    }
    return { answers, drafts, spoiler: null };
  }

  /**
   * Whoever waited all the while for a transaction that could not even begin would wait as long for
   * the next: they get their answer too, so that nobody waits for the database more than twice.
   */
  #refuseWaiting(since: number, error: unknown): void {
    const all = this.#closed || this.#hasty === 'yes';
    const refused = this.#line.filter((caller) => all || caller.since <= since);
    this.#line.splice(0, refused.length);
    for (const caller of refused) caller.reject(translateStorageError(error));
  }

  async #begin(): Promise<void> {
    if (this.#hasty === 'asked') {
      this.#hasty = 'yes';
      await this.#runner.query(`PRAGMA busy_timeout = ${HASTY_MS}`);
    }
    try {
      await this.#runner.query('BEGIN IMMEDIATE');
    } catch (error) {
      if (!/within a transaction/.test(String(error))) throw error;
      await this.#runner.query('ROLLBACK');
      await this.#runner.query('BEGIN IMMEDIATE');
    }
  }

  async #rollback(): Promise<void> {
    // Fails when SQLite has rolled back by itself; if it fails otherwise, `#begin` tries again.
    await this.#runner.query('ROLLBACK').catch(() => undefined);
  }
}

async function runOnce(
  caller: Caller,
  scope: WorkScope,
): Promise<{ value: unknown } | { error: unknown }> {
  try {
    return { value: await caller.work(scope) };
  } catch (error) {
    return { error };
  } finally {
    await scope.close();
  }
}
