import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** SQLite gives numbers, PostgreSQL gives the text of a bigint. */
const milliseconds = {
  to: (value: number | null) => value,
  from: (value: string | number | null) => (value === null ? null : Number(value)),
};

/** What an agent asked to be allowed, and what it was answered. */
export interface ApprovalRow {
  id: string;
  runId: string;
  turn: number;
  question: string;
  kind: 'command' | 'file_change';
  text: string;
  askedAt: number;
  expiresAt: number;
  decision: 'approve' | 'deny' | null;
  decidedAt: number | null;
  decidedBy: string | null;
}

/** An `ApprovalRow` in its table. Times are milliseconds since 1970. */
@Entity('approvals')
@Index('approvals_question', ['runId', 'question'], { unique: true })
@Index('approvals_run', ['runId', 'id'])
export class ApprovalEntity implements ApprovalRow {
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('integer')
  turn!: number;

  /** Names the question in every life of the service: the SHA-256 of the agent's own name for it. */
  @Column('text')
  question!: string;

  @Column('text')
  kind!: 'command' | 'file_change';

  /** For a person; masked as the run's output is. */
  @Column('text')
  text!: string;

  @Column('bigint', { name: 'asked_at', transformer: milliseconds })
  askedAt!: number;

  @Column('bigint', { name: 'expires_at', transformer: milliseconds })
  expiresAt!: number;

  /** `null`: nobody has answered yet. */
  @Column('text', { nullable: true })
  decision!: 'approve' | 'deny' | null;

  @Column('bigint', { name: 'decided_at', nullable: true, transformer: milliseconds })
  decidedAt!: number | null;

  /** The actor; `system` where the time was up or the turn over. */
  @Column('text', { name: 'decided_by', nullable: true })
  decidedBy!: string | null;
}
