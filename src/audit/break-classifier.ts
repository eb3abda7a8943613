import { Injectable } from '@nestjs/common';

import { AuditKey } from './audit-key.js';
import type { AuditRow, ChainHead } from './audit-row.js';
import { AuditRepository } from './audit.repository.js';
import { BREAK_FOUND, type BreakReason } from './break-reason.js';
import { isGenuine, noticedReason, signedNumber, type LinkFault } from './chain-link.js';

export interface BrokenLink {
  readonly seq: number;
  readonly reason: BreakReason;
}

/** How far a row may have been moved to be recognised; about 20 ms of one core. */
const LOOK_AROUND = 5000;

/** Names what happened to the first row that does not follow the one before. */
@Injectable()
export class BreakClassifier {
  constructor(
    private readonly repository: AuditRepository,
    private readonly key: AuditKey,
  ) {}

  /**
   * @param head the last sound row
   * @param known the last row that the service is known to have written
   */
  async classify(
    fault: LinkFault,
    row: AuditRow,
    head: ChainHead,
    known: ChainHead,
  ): Promise<BrokenLink> {
    if (fault === 'broken_notice') return { seq: row.seq, reason: noticedReason(row) };
    if (fault === 'too_early') return { seq: row.seq, reason: 'inserted' };
    if (fault === 'gap') return this.#gap(row, head, known);
    if (fault === 'wrong_link') return { seq: row.seq, reason: 'reordered' };
    return { seq: row.seq, reason: await this.#notGenuine(row, known) };
  }

  async #gap(row: AuditRow, head: ChainHead, known: ChainHead): Promise<BrokenLink> {
    const missing = head.seq + 1;
    if (await this.repository.hasPrevHash(head.hash)) return { seq: missing, reason: 'reordered' };
    if (missing > known.seq) return { seq: row.seq, reason: 'inserted' };
    return { seq: missing, reason: 'deleted' };
  }

  async #notGenuine(row: AuditRow, known: ChainHead): Promise<BreakReason> {
    const signedAs = signedNumber(this.key, row, LOOK_AROUND);
    if (signedAs !== null) {
      return (await this.repository.hasHash(row.prevHash)) ? 'reordered' : 'deleted';
    }
    if (row.keyId !== this.key.id && !isGenuine(this.key, { ...row, keyId: this.key.id })) {
      return 'unknown_key';
    }
    if (row.seq > known.seq) return 'inserted';
    if (await this.#isToldInserted(row)) return 'inserted';
    const [next] = await this.repository.after(row.seq, 1);
    return next && isGenuine(this.key, { ...next, seq: next.seq - 1 }) ? 'inserted' : 'edited';
  }

  /** The service went on after it had found rows that were not its own, and this is one of them. */
  async #isToldInserted(row: AuditRow): Promise<boolean> {
    const [notice] = await this.repository.ofActionsAfter([BREAK_FOUND], row.seq, 1);
    if (!notice || !isGenuine(this.key, notice) || noticedReason(notice) !== 'inserted')
      return false;
    const { expected } = JSON.parse(notice.details ?? '{}') as { expected?: ChainHead };
    return expected !== undefined && row.seq > expected.seq;
  }
}
