import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import type { DeliveryStatus } from './delivery-status.js';

/** SQLite gives numbers, PostgreSQL gives the text of a bigint. */
const whole = {
  to: (value: number | null) => value,
  from: (value: string | number | null) => (value === null ? null : Number(value)),
};

/** One request that was verified and taken. Times are milliseconds since 1970. */
@Entity('webhook_deliveries')
@Index('webhook_deliveries_body', ['source', 'bodyHash'], { unique: true })
@Index('webhook_deliveries_delivery', ['source', 'deliveryId'], { unique: true })
@Index('webhook_deliveries_source', ['source', 'id'])
@Index('webhook_deliveries_status', ['status', 'id'])
@Index('webhook_deliveries_issue', ['issue', 'id'])
@Index('webhook_deliveries_rule', ['rule', 'id'])
@Index('webhook_deliveries_entity', ['source', 'entity', 'occurredAt'])
export class DeliveryEntity {
  /** A ULID of when it was received. */
  @PrimaryColumn('text')
  id!: string;

  /** `linear`, `github`, `standard/<name>`. */
  @Column('text')
  source!: string;

  /** The sender's own. */
  @Column('text', { name: 'delivery_id' })
  deliveryId!: string;

  @Column('text', { name: 'body_hash' })
  bodyHash!: string;

  @Column('bigint', { name: 'received_at', transformer: whole })
  receivedAt!: number;

  /** `null` where the source signs no time. */
  @Column('bigint', { name: 'signed_at', nullable: true, transformer: whole })
  signedAt!: number | null;

  @Column('text')
  type!: string;

  @Column('text', { nullable: true })
  action!: string | null;

  @Column('text', { nullable: true })
  issue!: string | null;

  @Column('text', { nullable: true })
  entity!: string | null;

  /** What it is put in order by: of the payload, else when it was signed, else when it came. */
  @Column('bigint', { name: 'occurred_at', transformer: whole })
  occurredAt!: number;

  /** Deliveries of one lane are handled one after another. */
  @Column('text')
  lane!: string;

  /** The body, as it came. */
  @Column('text')
  payload!: string;

  @Column('text')
  status!: DeliveryStatus;

  /** How often it was begun to handle it. */
  @Column('integer')
  attempts!: number;

  /** The number of attempts with which it is given up. */
  @Column('integer', { name: 'attempt_limit' })
  attemptLimit!: number;

  /** Not before; 0: at once. Only of a pending one. */
  @Column('bigint', { name: 'next_attempt_at', transformer: whole })
  nextAttemptAt!: number;

  /** The name of the rule that matched. */
  @Column('text', { nullable: true })
  rule!: string | null;

  @Column('text', { name: 'run_id', nullable: true })
  runId!: string | null;

  /** A stable word: why it was ignored, superseded or given up, or why the last attempt failed. */
  @Column('text', { nullable: true })
  reason!: string | null;

  /** The same for people, with what was found. */
  @Column('text', { nullable: true })
  message!: string | null;

  @Column('bigint', { name: 'handled_at', nullable: true, transformer: whole })
  handledAt!: number | null;

  /** JSON of what was decided of each rule; `null` while nothing was. */
  @Column('text', { nullable: true })
  considered!: string | null;
}
