import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { milliseconds } from './milliseconds.js';
import type { RunStatus } from './run-status.js';

/**
 * A run. Of one that is kept alive the outcome, the phases and the sandbox are those of its current
 * turn. Times are milliseconds since 1970.
 */
@Entity('runs')
@Index('runs_status', ['status', 'id'])
@Index('runs_issue', ['issue', 'id'])
@Index('runs_issue_status', ['issue', 'status'])
export class RunEntity {
  @PrimaryColumn('text')
  id!: string;

  @Column('text')
  issue!: string;

  @Column('text')
  status!: RunStatus;

  /** JSON of `RunRequest`; the values of `env` are wiped when the run ends. */
  @Column('text')
  request!: string;

  @Column('text')
  actor!: string;

  @Column('text', { name: 'request_id', nullable: true })
  requestId!: string | null;

  @Column('integer', { name: 'exit_code', nullable: true })
  exitCode!: number | null;

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('text', { nullable: true })
  message!: string | null;

  @Column('bigint', { name: 'created_at', transformer: milliseconds })
  createdAt!: number;

  @Column('bigint', { name: 'preparing_at', nullable: true, transformer: milliseconds })
  preparingAt!: number | null;

  @Column('bigint', { name: 'running_at', nullable: true, transformer: milliseconds })
  runningAt!: number | null;

  /** When the command was over; the sandbox is gone a moment later, at `finishedAt`. */
  @Column('bigint', { name: 'ended_at', nullable: true, transformer: milliseconds })
  endedAt!: number | null;

  @Column('bigint', { name: 'finished_at', nullable: true, transformer: milliseconds })
  finishedAt!: number | null;

  @Column('bigint', { name: 'cancel_requested_at', nullable: true, transformer: milliseconds })
  cancelRequestedAt!: number | null;

  /** The container of the run's sandbox, from before its frame is sent until it is removed. */
  @Column('text', { name: 'container_id', nullable: true })
  containerId!: string | null;

  /** JSON of `RunOutcome`, stored before the sandbox is removed; kept while the run is idle. */
  @Column('text', { nullable: true })
  outcome!: string | null;

  /** JSON of the sandbox's report, from the engine's own inspection. */
  @Column('text', { name: 'sandbox_report', nullable: true })
  sandboxReport!: string | null;

  /** JSON of `RunBase`: what its workspace was when its command began; `null` before that. */
  @Column('text', { nullable: true })
  base!: string | null;

  /** It waits for another turn when one is over. */
  @Column('boolean', { name: 'keep_alive', default: false })
  keepAlive!: boolean;

  /** The number of its current turn, or of its last one. */
  @Column('integer', { default: 1 })
  turn!: number;

  /** Since when it waits for a turn to be asked for; `null` in any other state. */
  @Column('bigint', { name: 'idle_since', nullable: true, transformer: milliseconds })
  idleSince!: number | null;

  /** The same as JSON of `HostMoment`; `null` too where its host does not tell. */
  @Column('text', { name: 'idle_moment', nullable: true })
  idleMoment!: string | null;

  /** JSON of `UsageRow`: what its agent used of a model; `null`: nothing is known. */
  @Column('text', { nullable: true })
  usage!: string | null;

  /** Of `usage`, what limits count. */
  @Column('bigint', { name: 'used_tokens', nullable: true, transformer: milliseconds })
  usedTokens!: number | null;

  @Column('bigint', { name: 'used_cost_micros', nullable: true, transformer: milliseconds })
  usedCostMicros!: number | null;
}
