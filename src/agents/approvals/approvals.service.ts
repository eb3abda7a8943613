import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';

import { LiveSettings } from '../../config/live-settings.js';
import { decodeCursor, encodeCursor, invalidCursor, type Page } from '../../http/pagination.js';
import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { ID_PATTERN, newId } from '../../kernel/ids.js';
import { SYSTEM_ORIGIN, type Origin } from '../../kernel/origin.js';
import { Transactions, type Transaction } from '../../persistence/transactions.js';
import type { ApprovalRow } from './approval.entity.js';
import { ApprovalRepository } from './approval.repository.js';

export type Decision = 'approve' | 'deny';

/** What an agent asks to be allowed. */
export interface AskedQuestion {
  readonly runId: string;
  readonly turn: number;
  /** The agent's own name for it, the same in every life of the service. */
  readonly key: string;
  readonly kind: ApprovalRow['kind'];
  /** For a person, masked. */
  readonly text: string;
}

const MOST_TEXT = 8192;

/** The queue of what agents ask to be allowed. Rows outlive the service; who waits does not. */
@Injectable()
export class Approvals {
  /** By approval; the same question may be asked twice at once. */
  readonly #waiting = new Map<string, Set<(decision: Decision) => void>>();

  constructor(
    private readonly rows: ApprovalRepository,
    private readonly transactions: Transactions,
    private readonly settings: LiveSettings,
    private readonly clock: Clock,
  ) {}

  /**
   * Puts the question in the queue, unless it is there already, and answers what was decided. What
   * nobody answers in time is denied. Rejects when `gone` fires first.
   */
  async ask(question: AskedQuestion, gone: AbortSignal): Promise<Decision> {
    const row = await this.#row(question);
    if (row.decision !== null) return row.decision;
    if (gone.aborted) throw nobodyWaits();
    return new Promise((resolve, reject) => {
      const left = Math.max(0, row.expiresAt - this.clock.now());
      const late = () => void this.#late(row).catch(reject);
      const timer = setTimeout(late, left);
      const leave = () => {
        clearTimeout(timer);
        gone.removeEventListener('abort', giveUp);
        waiting.delete(hear);
        if (waiting.size === 0) this.#waiting.delete(row.id);
      };
      const hear = (decision: Decision) => {
        leave();
        resolve(decision);
      };
      const giveUp = () => {
        leave();
        reject(nobodyWaits());
      };
      const waiting = this.#waiting.get(row.id) ?? new Set();
      this.#waiting.set(row.id, waiting.add(hear));
      gone.addEventListener('abort', giveUp);
    });
  }

  /** @throws DomainError `approval_not_found`, `approval_decided`, also when its time is up */
  async decide(
    runId: string,
    id: string,
    decision: Decision,
    origin: Origin,
  ): Promise<ApprovalRow> {
    const row = await this.transactions.run(origin, async (tx) => {
      const open = ID_PATTERN.test(id) ? await this.rows.find(tx.manager, runId, id) : null;
      if (open === null) {
        throw new DomainError('approval_not_found', 'The run has no approval with this id');
      }
      if (open.decision !== null) throw decidedAlready(open);
      // Nobody may have been there to deny it in time: the service was away.
      return open.expiresAt <= this.clock.now() ? null : this.#close(tx, open, decision);
    });
    if (row === null) {
      await this.#late({ runId, id });
      throw new DomainError('approval_decided', 'It was not answered in time, and so is denied');
    }
    this.#tell(id, decision);
    return row;
  }

  /** Denies what a turn asked for that is over. */
  async withdraw(runId: string, turn: number): Promise<void> {
    for (;;) {
      const closed = await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
        const open = await this.rows.open(tx.manager, runId, turn);
        for (const row of open) await this.#close(tx, row, 'deny', 'turn_over');
        return open.length;
      });
      if (closed === 0) return;
    }
  }

  /** The last asked first. */
  async list(
    runId: string,
    { cursor, limit }: { cursor?: string | undefined; limit: number },
  ): Promise<Page<ApprovalRow>> {
    const found = await this.rows.list(runId, cursor && idIn(cursor), limit + 1);
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const more = found.length > limit && last !== undefined;
    return { items, nextCursor: more ? encodeCursor([last.id]) : null };
  }

  #row({ runId, turn, key, kind, text }: AskedQuestion): Promise<ApprovalRow> {
    const question = createHash('sha256').update(key).digest('hex');
    const askedAt = this.clock.now();
    const { approvalTimeoutSeconds } = this.settings.codex.agent;
    return this.transactions.run(SYSTEM_ORIGIN, async ({ manager }) => {
      const earlier = await this.rows.findQuestion(manager, runId, question);
      if (earlier !== null) return earlier;
      const row: ApprovalRow = {
        id: newId(),
        runId,
        turn,
        question,
        kind,
        text: shown(text),
        askedAt,
        expiresAt: askedAt + approvalTimeoutSeconds * 1000,
        decision: null,
        decidedAt: null,
        decidedBy: null,
      };
      await this.rows.insert(manager, row);
      return row;
    });
  }

  async #late({ runId, id }: Pick<ApprovalRow, 'runId' | 'id'>): Promise<void> {
    const decision = await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const row = await this.rows.find(tx.manager, runId, id);
      if (row === null) return 'deny';
      return row.decision ?? (await this.#close(tx, row, 'deny', 'time_limit')).decision;
    });
    this.#tell(id, decision ?? 'deny');
  }

  #tell(id: string, decision: Decision): void {
    // A set may lose what is being visited.
    for (const hear of this.#waiting.get(id) ?? []) hear(decision);
  }

  async #close(
    tx: Transaction,
    row: ApprovalRow,
    decision: Decision,
    why?: 'time_limit' | 'turn_over',
  ): Promise<ApprovalRow> {
    const decided = { decision, decidedAt: this.clock.now(), decidedBy: tx.origin.actor };
    await this.rows.decide(tx.manager, row.id, decided);
    const { id, turn, kind } = row;
    const details = { approval: id, turn, kind, decision, ...(why && { why }) };
    tx.audit({ action: 'approval.decided', target: row.runId, details });
    return { ...row, ...decided };
  }
}

/** Nobody is to approve what he does not know is there. */
function shown(text: string): string {
  if (text.length <= MOST_TEXT) return text;
  const more = text.length - MOST_TEXT;
  return `${text.slice(0, MOST_TEXT)}\n[cut: what is asked goes on for ${more} characters more]`;
}

function nobodyWaits(): Error {
  return new Error('nobody waits for the answer any more');
}

function decidedAlready({ decision, decidedBy }: ApprovalRow): DomainError {
  const what = decision === 'approve' ? 'approved' : 'denied';
  return new DomainError('approval_decided', `It was ${what} already, by ${decidedBy ?? 'nobody'}`);
}

function idIn(cursor: string): string {
  const [id] = decodeCursor(cursor);
  if (typeof id === 'string' && ID_PATTERN.test(id)) return id;
  throw invalidCursor();
}
