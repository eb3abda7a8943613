import { setImmediate as yieldToOthers } from 'node:timers/promises';

import { Injectable, type OnModuleDestroy } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import { AuditAnchor } from './audit-anchor.js';
import { AuditKey } from './audit-key.js';
import { GENESIS, type ChainHead } from './audit-row.js';
import { AuditTrail } from './audit-trail.js';
import { AuditRepository } from './audit.repository.js';
import { BreakClassifier, type BrokenLink } from './break-classifier.js';
import { checkLink } from './chain-link.js';
import { TrailBeginning } from './trail-beginning.js';
import { judgeAnchor } from './trail-state.js';

export interface Verification {
  ok: boolean;
  /** Rows whose hash was recomputed, those up to the checkpoint not among them. */
  checked: number;
  firstBroken: BrokenLink | null;
}

interface Walk {
  /** The last sound row. */
  head: ChainHead;
  checked: number;
  broken: BrokenLink | null;
}

/** About 5 ms of one core; then others get their turn. */
const CHUNK_ROWS = 500;

/** A shorter trail is verified whole every time: the checkpoint would save nothing worth its price. */
const LEAST_CHECKPOINT = 20_000;

/** Recomputes the chain: one verification at a time, which later callers join. */
@Injectable()
export class AuditVerifier implements OnModuleDestroy {
  #running: { full: boolean; result: Promise<Verification> } | null = null;
  /** The last row of a verification that found all sound; in memory only. */
  #checkpoint: ChainHead = GENESIS;
  #stopping = false;

  constructor(
    private readonly repository: AuditRepository,
    private readonly key: AuditKey,
    private readonly anchor: AuditAnchor,
    private readonly trail: AuditTrail,
    private readonly classifier: BreakClassifier,
    private readonly beginning: TrailBeginning,
  ) {}

  onModuleDestroy(): void {
    this.#stopping = true;
  }

  /** From the last checkpoint, or with `full` from the first row that is kept. */
  async verify(full: boolean): Promise<Verification> {
    const running = this.#running;
    if (running && full && !running.full) {
      await running.result.catch(() => undefined);
      return this.verify(full);
    }
    this.#running ??= {
      full,
      result: this.#verify(full).finally(() => (this.#running = null)),
    };
    return this.#running.result;
  }

  async #verify(full: boolean): Promise<Verification> {
    // Whatever is committed or anchored by now must be found in the table that is read after it.
    const { head: committed, anchored } = this.trail;
    const anchor = await this.anchor.read();
    const table = await this.repository.head();
    const walk = await this.#wholeWalk(full, table, anchored);
    const checked = walk.checked;
    if (walk.broken) return { ok: false, checked, firstBroken: walk.broken };

    const lost = anchor.state === 'kept' && anchor.head.seq < anchored.seq;
    const hash = anchor.state === 'kept' ? await this.repository.hashAt(anchor.head.seq) : null;
    const reason = judgeAnchor(anchor, walk.head, hash) ?? (lost ? 'anchor_rolled_back' : null);
    if (reason) {
      const seq = reason === 'cut_from_end' ? walk.head.seq + 1 : walk.head.seq;
      return { ok: false, checked, firstBroken: { seq, reason } };
    }
    if (walk.head.seq < committed.seq) {
      return {
        ok: false,
        checked,
        firstBroken: { seq: walk.head.seq + 1, reason: 'cut_from_end' },
      };
    }
    this.#checkpoint = walk.head;
    return { ok: true, checked, firstBroken: null };
  }

  /** Begun anew where rows were removed by their age while it was under way. */
  async #wholeWalk(full: boolean, table: ChainHead, known: ChainHead): Promise<Walk> {
    const beginning = await this.beginning.find();
    const checkpoint = full ? null : await this.#soundCheckpoint();
    const walk = await this.#walk(checkpoint, beginning, table, known);
    if (walk.broken === null || (await this.beginning.find()).seq === beginning.seq) return walk;
    return this.#wholeWalk(full, table, known);
  }

  async #soundCheckpoint(): Promise<ChainHead | null> {
    if (this.#checkpoint.seq < LEAST_CHECKPOINT) return null;
    const hash = await this.repository.hashAt(this.#checkpoint.seq);
    return hash === this.#checkpoint.hash ? this.#checkpoint : null;
  }

  async #walk(
    checkpoint: ChainHead | null,
    beginning: ChainHead,
    table: ChainHead,
    known: ChainHead,
  ): Promise<Walk> {
    let head = checkpoint ?? beginning;
    let checked = 0;
    // Before the beginning too: a row that was put there is not the service's.
    let position = checkpoint === null ? Number.MIN_SAFE_INTEGER : checkpoint.seq;
    while (position < table.seq) {
      const rows = await this.repository.after(position, CHUNK_ROWS);
      for (const row of rows) {
        if (row.seq > table.seq) return { head, checked, broken: null };
        checked++;
        const fault = checkLink(this.key, head, row);
        if (fault) {
          const broken = await this.classifier.classify(fault, row, head, known);
          return { head, checked, broken };
        }
        head = { seq: row.seq, hash: row.hash };
      }
      if (rows.length === 0) break;
      position = head.seq;
      await yieldToOthers();
      if (this.#stopping) throw new DomainError('shutting_down', 'The service is stopping');
    }
    return { head, checked, broken: null };
  }
}
