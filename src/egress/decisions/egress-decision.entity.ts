import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import type { DecisionReason } from './decision.js';
import type { StoredDecision } from './stored-decision.js';

/** SQLite gives numbers, PostgreSQL gives the text of a bigint. */
const whole = {
  to: (value: number | null) => value,
  from: (value: string | number | null) => (value === null ? null : Number(value)),
};

const flag = { to: (value: boolean) => (value ? 1 : 0), from: (value: number) => value === 1 };

@Entity('egress_decisions')
@Index('egress_decisions_run', ['runId', 'seq'], { unique: true })
export class EgressDecisionEntity implements StoredDecision {
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('integer')
  seq!: number;

  @Column('integer')
  turn!: number;

  @Column('bigint', { transformer: whole })
  at!: number;

  @Column('text')
  host!: string;

  @Column('integer')
  port!: number;

  @Column('integer', { transformer: flag })
  allowed!: boolean;

  @Column('text', { nullable: true })
  rule!: string | null;

  @Column('text', { nullable: true })
  reason!: DecisionReason | null;

  @Column('text', { nullable: true })
  route!: string | null;

  @Column('text', { nullable: true })
  method!: string | null;

  @Column('text', { nullable: true })
  path!: string | null;

  @Column('integer', { nullable: true })
  status!: number | null;

  @Column('bigint', { name: 'bytes_up', transformer: whole })
  bytesUp!: number;

  @Column('bigint', { name: 'bytes_down', transformer: whole })
  bytesDown!: number;

  @Column('bigint', { name: 'duration_ms', nullable: true, transformer: whole })
  durationMs!: number | null;

  @Column('integer')
  count!: number;
}
