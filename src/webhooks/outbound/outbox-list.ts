import { Injectable } from '@nestjs/common';

import { decodeCursor, encodeCursor, invalidCursor, type Page } from '../../http/pagination.js';
import { DomainError } from '../../kernel/domain-error.js';
import { Clock } from '../../kernel/clock.js';
import { ID_PATTERN } from '../../kernel/ids.js';
import type { Origin } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import type { OutboxMessageView } from './api/outbox.dto.js';
import type { OutboxMessageEntity } from './outbox/outbox-message.entity.js';
import { OutboxMessages, type MessageFilter } from './outbox/outbox-messages.repository.js';
import { OutboxSender } from './sender/outbox-sender.js';
import type { OutboundTarget, Wish } from './wishes.js';

export interface OutboxQuery extends Omit<MessageFilter, 'before'> {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The outbox, for operators. */
@Injectable()
export class OutboxList {
  constructor(
    private readonly messages: OutboxMessages,
    private readonly transactions: Transactions,
    private readonly sender: OutboxSender,
    private readonly clock: Clock,
  ) {}

  /** Newest first. @throws DomainError `invalid_cursor` */
  async page({ limit, cursor, ...filter }: OutboxQuery): Promise<Page<OutboxMessageView>> {
    const before = cursor === undefined ? undefined : idOf(cursor);
    const rows = await this.messages.list({ ...filter, before }, limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const more = rows.length > limit && last !== undefined;
    return { items: items.map(viewOf), nextCursor: more ? encodeCursor([last.id]) : null };
  }

  /**
   * Has a message sent that was given up or skipped, with as many attempts as a new one; a comment that
   * was made is not made again.
   * @throws DomainError `message_not_found`, `message_not_given_up`, `message_overtaken`
   */
  async resend(origin: Origin, id: string): Promise<OutboxMessageView> {
    const resent = await this.transactions.run(origin, async (tx) => {
      const row = givenUp(await this.messages.findIn(tx.manager, id));
      if (movesIssue(row) && (await this.messages.isOvertaken(tx.manager, row))) throw overtaken();
      const { runId, kind, status, attempts, reason } = row;
      const changes = {
        status: 'pending',
        attempts: 0,
        nextAttemptAt: this.clock.now(),
        settledAt: null,
        reason: null,
        message: null,
      } as const;
      await this.messages.update(tx.manager, id, changes);
      const details = { message: kind, was: { status, attempts, reason } };
      tx.audit({ action: 'outbound.resent', target: runId, details });
      return Object.assign(row, changes);
    });
    this.sender.poke();
    return viewOf(resent);
  }
}

function givenUp(row: OutboxMessageEntity | null): OutboxMessageEntity {
  if (row === null) throw new DomainError('message_not_found', 'There is no message with this id');
  if (row.status === 'pending' || row.status === 'sent') {
    const why = row.status === 'sent' ? 'was sent' : 'waits to be sent already';
    throw new DomainError('message_not_given_up', `The message ${why}`);
  }
  return row;
}

function movesIssue(row: OutboxMessageEntity): boolean {
  return (JSON.parse(row.wish) as Wish).state !== undefined;
}

function overtaken(): DomainError {
  const message =
    'A newer message has been sent about the issue, whose state this one would change back';
  return new DomainError('message_overtaken', message);
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
  throw invalidCursor();
}
