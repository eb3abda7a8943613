import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { milliseconds } from './milliseconds.js';

/** A client's `Idempotency-Key`, unique per actor and route, with what it stood for. */
@Entity('idempotency_keys')
@Index('idempotency_keys_created', ['createdAt'])
export class IdempotencyKeyEntity {
  @PrimaryColumn('text')
  actor!: string;

  @PrimaryColumn('text')
  route!: string;

  @PrimaryColumn('text')
  key!: string;

  /** SHA-256 of the body's bytes, hexadecimal. */
  @Column('text', { name: 'body_hash' })
  bodyHash!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('bigint', { name: 'created_at', transformer: milliseconds })
  createdAt!: number;
}
