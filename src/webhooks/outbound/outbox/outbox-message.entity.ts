import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import type { MessageKind } from '../wishes.js';
import type { MessageStatus } from './message-status.js';

/** SQLite gives numbers, PostgreSQL gives the text of a bigint. */
const whole = {
  to: (value: number | null) => value,
  from: (value: string | number | null) => (value === null ? null : Number(value)),
};

/** Something that somebody is to be told of a run. Times are milliseconds since 1970. */
@Entity('outbox_messages')
@Index('outbox_messages_run', ['runId', 'kind'], { unique: true })
@Index('outbox_messages_status', ['status', 'id'])
export class OutboxMessageEntity {
  /** A ULID of when it was written. */
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('text')
  kind!: MessageKind;

  /** JSON of `OutboundTarget`. */
  @Column('text')
  target!: string;

  /** Messages of one lane are sent one after another, in the order of their ids. */
  @Column('text')
  lane!: string;

  /** JSON of `Wish`. */
  @Column('text')
  wish!: string;

  /** JSON of `MessageFacts`. */
  @Column('text')
  facts!: string;

  /** The id that the comment is made with. */
  @Column('text', { name: 'comment_id' })
  commentId!: string;

  @Column('text')
  status!: MessageStatus;

  /** Attempts that have ended. */
  @Column('integer')
  attempts!: number;

  /** Not before. Only of a pending one. */
  @Column('bigint', { name: 'next_attempt_at', transformer: whole })
  nextAttemptAt!: number;

  @Column('bigint', { name: 'created_at', transformer: whole })
  createdAt!: number;

  /** The comment is there. */
  @Column('bigint', { name: 'commented_at', nullable: true, transformer: whole })
  commentedAt!: number | null;

  @Column('bigint', { name: 'settled_at', nullable: true, transformer: whole })
  settledAt!: number | null;

  /** A stable word: why it was given up or skipped, or why the last attempt failed. */
  @Column('text', { nullable: true })
  reason!: string | null;

  /** The same for people; holds no secret. */
  @Column('text', { nullable: true })
  message!: string | null;
}
