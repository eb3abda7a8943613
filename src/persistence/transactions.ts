import type { EntityManager } from 'typeorm';

import type { Origin } from '../kernel/origin.js';

/** What an audit row says beside when, who and in which request. */
export interface AuditDraft {
  /** In the past tense, never renamed: `secret.set`. */
  readonly action: string;
  readonly target: string;
  /** Becomes JSON; holds no secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What a work may do. It ends when the work's promise settles; use after that throws. */
export interface Transaction {
  readonly origin: Origin;
  /**
   * Sees what earlier works of the same group wrote. `insert`, `update`, `delete` and query builders;
   * `save`, `remove` and transactions of one's own are refused.
   */
  readonly manager: EntityManager;
  /**
   * The row is written in this transaction, after the work. At most 16 a work.
   * @param by whose change it is, where a work makes those of several callers at once
   */
  audit(draft: AuditDraft, by?: Origin): void;
}

/** The only way to write to the database. */
export abstract class Transactions {
  /**
   * Runs `work` alone against the database and answers after its changes and audit rows are durable.
   * Works of several callers may share one transaction, and a work may be run up to three times
   * because a neighbour failed, so it does nothing but SQL through `tx` and calls no `run` of its
   * own. When it throws, nothing of it stays, and the error is the caller's.
   * @throws DomainError `storage_busy` when too many wait, `storage_unavailable` when the database
   * cannot be written, `shutting_down` after the service began to stop.
   */
  abstract run<T>(origin: Origin, work: (tx: Transaction) => Promise<T>): Promise<T>;

  /** The service stops: from now on nobody waits long for a database that another process has. */
  abstract hasten(): void;
}
