import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { milliseconds } from '../milliseconds.js';
import type { TurnStatus } from '../run-status.js';

/** A turn of a run: one command. Every run has its first. Times are milliseconds since 1970. */
@Entity('run_turns')
@Index('run_turns_run', ['runId', 'number'], { unique: true })
@Index('run_turns_status', ['status', 'id'])
export class TurnEntity {
  /** A ULID; the line is served in their order. The first turn has the id of its run. */
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  /** From 1, without gaps. */
  @Column('integer')
  number!: number;

  @Column('text')
  status!: TurnStatus;

  /**
   * JSON of `TurnRequest`; the values of `env` are wiped when the turn ends. `null` for the first
   * turn, whose request is the run's.
   */
  @Column('text', { nullable: true })
  request!: string | null;

  @Column('text')
  actor!: string;

  @Column('text', { name: 'request_id', nullable: true })
  requestId!: string | null;

  @Column('bigint', { name: 'created_at', transformer: milliseconds })
  createdAt!: number;

  @Column('bigint', { name: 'running_at', nullable: true, transformer: milliseconds })
  runningAt!: number | null;

  /** When the command was over. */
  @Column('bigint', { name: 'ended_at', nullable: true, transformer: milliseconds })
  endedAt!: number | null;

  @Column('integer', { name: 'exit_code', nullable: true })
  exitCode!: number | null;

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('text', { nullable: true })
  message!: string | null;

  /** As `RunEntity.sandboxReport`, once another turn follows; until then its run has it. */
  @Column('text', { name: 'sandbox_report', nullable: true })
  sandboxReport!: string | null;
}
