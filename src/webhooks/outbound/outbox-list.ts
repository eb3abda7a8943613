import { Injectable } from '@nestjs/common';

import { decodeCursor, encodeCursor, type Page } from '../../http/pagination.js';
import { DomainError } from '../../kernel/domain-error.js';
import { ID_PATTERN } from '../../kernel/ids.js';
import type { OutboxMessageView } from './api/outbox.dto.js';
import type { OutboxMessageEntity } from './outbox/outbox-message.entity.js';
import { OutboxMessages, type MessageFilter } from './outbox/outbox-messages.repository.js';
import type { OutboundTarget } from './wishes.js';

export interface OutboxQuery extends Omit<MessageFilter, 'before'> {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The outbox, for operators. */
@Injectable()
export class OutboxList {
  constructor(private readonly messages: OutboxMessages) {}

  /** Newest first. @throws DomainError `invalid_cursor` */
  async page({ limit, cursor, ...filter }: OutboxQuery): Promise<Page<OutboxMessageView>> {
    const before = cursor === undefined ? undefined : idOf(cursor);
    const rows = await this.messages.list({ ...filter, before }, limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const more = rows.length > limit && last !== undefined;
    return { items: items.map(viewOf), nextCursor: more ? encodeCursor([last.id]) : null };
  }
}

function viewOf(row: OutboxMessageEntity): OutboxMessageView {
  const { id, runId, kind, status, attempts, reason, message } = row;
  const to = JSON.parse(row.target) as OutboundTarget;
  return {
    id,
    runId,
    kind,
    target: `${to.kind}/${to.identifier}`,
    status,
    attempts,
    reason,
    message,
    commentId: row.commentedAt === null ? null : row.commentId,
    createdAt: iso(row.createdAt),
    nextAttemptAt: status === 'pending' ? iso(row.nextAttemptAt) : null,
    settledAt: row.settledAt === null ? null : iso(row.settledAt),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function idOf(cursor: string): string {
  const [id, ...rest] = decodeCursor(cursor);
  if (typeof id === 'string' && ID_PATTERN.test(id) && rest.length === 0) return id;
  throw new DomainError('invalid_cursor', 'The cursor is not one that this list gave out', {
    details: [{ field: 'cursor', message: 'must be a nextCursor of this list' }],
  });
}
