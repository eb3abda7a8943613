import { Injectable } from '@nestjs/common';

import { decodeCursor, encodeCursor, invalidCursor, type Page } from '../http/pagination.js';
import type { AuditRow } from './audit-row.js';
import { AuditRepository, type AuditFilter, type SeqRange } from './audit.repository.js';

/** The trail, to be read. */
@Injectable()
export class AuditLog {
  constructor(private readonly repository: AuditRepository) {}

  /**
   * Newest first.
   * @throws DomainError `invalid_cursor`
   */
  async page(filter: AuditFilter, limit: number, cursor?: string): Promise<Page<AuditRow>> {
    const range =
      cursor === undefined ? await this.repository.rangeOf(filter) : rangeOfCursor(cursor);
    const found = await this.repository.newest(filter, range, limit + 1);
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const more = found.length > limit && last !== undefined;
    return { items, nextCursor: more ? encodeCursor([last.seq - 1, range.first]) : null };
  }

  /** Oldest first: rows of these actions with a higher number than `seq`. */
  since(actions: readonly string[], seq: number, limit: number): Promise<AuditRow[]> {
    return this.repository.ofActionsAfter(actions, seq, limit);
  }

  /** The row of that number has that hash. */
  async holds(seq: number, hash: string): Promise<boolean> {
    return seq > 0 && (await this.repository.hashAt(seq)) === hash;
  }
}

function rangeOfCursor(cursor: string): SeqRange {
  const [last, first, ...rest] = decodeCursor(cursor);
  if (rest.length === 0 && isSeq(last) && isSeq(first)) return { first, last };
  throw invalidCursor();
}

function isSeq(part: unknown): part is number {
  return Number.isSafeInteger(part) && (part as number) >= 0;
}
