import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import type { AuditRow } from './audit-row.js';

@Entity({ name: 'audit_rows' })
@Index('audit_rows_at', ['at', 'seq'])
@Index('audit_rows_actor', ['actor', 'seq'])
@Index('audit_rows_action', ['action', 'seq'])
@Index('audit_rows_target', ['target', 'seq'])
export class AuditRowEntity implements AuditRow {
  @PrimaryColumn({ type: 'bigint' })
  seq: number;

  @Column({ type: 'bigint' })
  at: number;

  @Column({ type: 'text' })
  actor: string;

  @Column({ type: 'text' })
  action: string;

  @Column({ type: 'text' })
  target: string;

  @Column({ name: 'request_id', type: 'text', nullable: true })
  requestId: string | null;

  @Column({ type: 'text', nullable: true })
  details: string | null;

  @Index('audit_rows_prev_hash', { unique: true })
  @Column({ name: 'prev_hash', type: 'text' })
  prevHash: string;

  @Column({ type: 'text' })
  hash: string;

  @Column({ name: 'key_id', type: 'text' })
  keyId: string;
}
