import { Column, Entity, PrimaryColumn } from 'typeorm';

import { milliseconds } from '../milliseconds.js';

/** What a run of an agent keeps beside its row, from its first attempt on. */
@Entity('agent_runs')
export class AgentRunEntity {
  @PrimaryColumn('text', { name: 'run_id' })
  runId!: string;

  /** What its driver last remembered; no secret. */
  @Column('text', { nullable: true })
  memory!: string | null;

  /** The turn of which the rest tells. */
  @Column('integer')
  turn!: number;

  /** From 1; how often the agent was started for that turn. */
  @Column('integer')
  attempt!: number;

  /** Milliseconds of the turn's time that earlier attempts took. */
  @Column('bigint', { name: 'spent_ms', transformer: milliseconds })
  spentMs!: number;
}
