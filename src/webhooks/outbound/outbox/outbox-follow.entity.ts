import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A run that is not over, of which somebody is to be told. */
@Entity('outbox_follows')
export class OutboxFollowEntity {
  @PrimaryColumn('text', { name: 'run_id' })
  runId!: string;

  /** JSON of `OutboundTarget`. */
  @Column('text')
  target!: string;

  /** JSON of `Wishes`. */
  @Column('text')
  wishes!: string;
}
