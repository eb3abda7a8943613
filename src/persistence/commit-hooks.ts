import type { EntityManager } from 'typeorm';

import type { Origin } from '../kernel/origin.js';
import type { AuditDraft } from './transactions.js';

export interface CollectedDraft {
  readonly draft: AuditDraft;
  readonly origin: Origin;
}

/** What happens once a group, beside the works. Only for groups with at least one draft. */
export interface CommitHook {
  /**
   * Inside the transaction, after the works. An error rolls the group back. It may be called again
   * without `afterCommit` between: then the transaction before did not happen.
   */
  beforeCommit(manager: EntityManager, drafts: readonly CollectedDraft[]): Promise<void>;
  /** After COMMIT, before the callers are answered. What it throws is logged: the change stands. */
  afterCommit(): Promise<void>;
}

/** Where `audit` hangs itself into the transactions. */
export class CommitHooks {
  readonly #hooks: CommitHook[] = [];

  register(hook: CommitHook): void {
    this.#hooks.push(hook);
  }

  /** @throws Error when nobody would keep the drafts: no change without its audit row. */
  async beforeCommit(manager: EntityManager, drafts: readonly CollectedDraft[]): Promise<void> {
    if (this.#hooks.length === 0) throw new Error('no audit is registered: the change is refused');
    for (const hook of this.#hooks) await hook.beforeCommit(manager, drafts);
  }

  async afterCommit(onError: (error: unknown) => void): Promise<void> {
    for (const hook of this.#hooks) await hook.afterCommit().catch(onError);
  }
}
