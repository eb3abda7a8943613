import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import type { CollectedDraft, CommitHook } from '../persistence/commit-hooks.js';
import { AuditAnchor } from './audit-anchor.js';
import { AuditFeed } from './audit-feed.js';
import { AuditKey } from './audit-key.js';
import { GENESIS, type AuditRow, type ChainHead } from './audit-row.js';
import { AuditRepository } from './audit.repository.js';
import { BREAK_FOUND, type BreakReason } from './break-reason.js';
import { checkLink } from './chain-link.js';
import { MOST_ROWS_PER_GROUP, judgeAnchor, judgeHead } from './trail-state.js';

/** Appends the drafts of each group to the chain, and keeps the head outside level with it. */
@Injectable()
export class AuditTrail implements CommitHook {
  readonly #logger = new Logger(AuditTrail.name);
  #head: ChainHead = GENESIS;
  #anchored: ChainHead = GENESIS;
  /** Inserted by a transaction whose end is not known yet. */
  #written: readonly AuditRow[] = [];
  /** Committed although COMMIT said that it failed, so not told to anybody. */
  #untold: readonly AuditRow[] = [];
  #unreported: BreakReason | null = null;
  #found: BreakReason | null = null;
  #anchorFailed = false;

  constructor(
    private readonly repository: AuditRepository,
    private readonly key: AuditKey,
    private readonly anchor: AuditAnchor,
    private readonly feed: AuditFeed,
    private readonly clock: Clock,
  ) {}

  /** What stands in the way of trusting the trail, for readiness; `null` when nothing is known. */
  get trouble(): string | null {
    if (this.#found)
      return `the audit trail is not whole (${this.#found}): see /api/v1/audit/verify`;
    return this.#anchorFailed ? 'the head of the audit trail cannot be written to DATA_DIR' : null;
  }

  /** The last row that is known to be the service's; the table never ends before it. */
  get head(): ChainHead {
    return this.#head;
  }

  /** What the anchor was last told; it never falls behind it. */
  get anchored(): ChainHead {
    return this.#anchored;
  }

  /** Before the first write: compares the table with the head outside, and levels that after a crash. */
  async open(): Promise<void> {
    const table = await this.repository.head();
    const anchor = await this.anchor.read();
    this.#head = table;
    if (table.seq === 0 && anchor.state === 'missing') return this.#moveAnchor(GENESIS);
    this.#anchored = anchor.state === 'kept' ? anchor.head : table;
    const hash = await this.repository.hashAt(this.#anchored.seq);
    const found = judgeAnchor(anchor, table, hash) ?? (await this.#judgeRest(this.#anchored));
    if (found) {
      this.#head = this.#anchored;
      this.#breakFound(found);
    } else if (this.#anchored.seq < table.seq) await this.#moveAnchor(table);
  }

  async beforeCommit(manager: EntityManager, drafts: readonly CollectedDraft[]): Promise<void> {
    const table = await this.repository.head(manager);
    const uncertain = this.#written.at(-1);
    const found = judgeHead(uncertain ? [this.#head, uncertain] : [this.#head], table);
    if (found) this.#breakFound(found);
    else if (uncertain?.seq === table.seq) this.#untold = [...this.#untold, ...this.#written];
    const notice = this.#unreported && breakNotice(this.#unreported, this.#head, table);
    this.#written = this.#chain(table, notice ? [notice, ...drafts] : drafts);
    await this.#keepAnchorNear(this.#written.length + (uncertain ? this.#untold.length : 0));
    await this.repository.append(manager, this.#written);
  }

  async afterCommit(): Promise<void> {
    const rows = [...this.#untold, ...this.#written];
    const head = rows.at(-1);
    if (!head) return;
    this.#untold = [];
    this.#written = [];
    this.#unreported = null;
    this.#head = plain(head);
    const outcomes = await Promise.allSettled([
      this.#moveAnchor(this.#head),
      this.feed.publish(rows),
    ]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Rows that the anchor does not know are a crash's only if the key signed them. */
  async #judgeRest(anchored: ChainHead): Promise<BreakReason | null> {
    let head = anchored;
    for (const row of await this.repository.after(anchored.seq, MOST_ROWS_PER_GROUP)) {
      const fault = checkLink(this.key, head, row);
      if (fault && fault !== 'broken_notice') return 'inserted';
      head = row;
    }
    return null;
  }

  /**
   * A table that is further ahead of the anchor than one group counts as rolled back at the next
   * start. While the anchor cannot be written, no change may bring it there.
   */
  async #keepAnchorNear(rows: number): Promise<void> {
    if (this.#head.seq + rows - this.#anchored.seq <= MOST_ROWS_PER_GROUP) return;
    try {
      await this.#moveAnchor(this.#head);
    } catch (cause) {
      throw new DomainError(
        'storage_unavailable',
        'The head of the audit trail cannot be written',
        {
          cause,
          retryAfterSeconds: 5,
        },
      );
    }
  }

  async #moveAnchor(head: ChainHead): Promise<void> {
    try {
      const outcome = await this.anchor.write(head);
      if (outcome === 'made' && head.seq > 0) this.#breakFound('anchor_missing');
      this.#anchored = head;
      this.#anchorFailed = false;
    } catch (error) {
      this.#anchorFailed = true;
      throw error;
    }
  }

  #breakFound(reason: BreakReason): void {
    this.#logger.error(`the audit trail is not whole: ${reason}`);
    this.#found ??= reason;
    this.#unreported ??= reason;
  }

  #chain(head: ChainHead, drafts: readonly CollectedDraft[]): AuditRow[] {
    const at = this.clock.now();
    let { seq, hash } = head;
    return drafts.map(({ draft, origin }) => {
      const unsigned = {
        seq: ++seq,
        at,
        actor: origin.actor,
        action: draft.action,
        target: wellFormed(draft.target),
        requestId: origin.requestId,
        details: draft.details ? JSON.stringify(draft.details) : null,
        prevHash: hash,
        keyId: this.key.id,
      };
      hash = this.key.hashRow(unsigned);
      return { ...unsigned, hash };
    });
  }
}

function breakNotice(reason: BreakReason, expected: ChainHead, found: ChainHead): CollectedDraft {
  const details = { reason, expected: plain(expected), found: plain(found) };
  return { draft: { action: BREAK_FOUND, target: 'audit', details }, origin: SYSTEM_ORIGIN };
}

function plain({ seq, hash }: ChainHead): ChainHead {
  return { seq, hash };
}

/** A lone surrogate is stored as U+FFFD, so it must be hashed as that. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
