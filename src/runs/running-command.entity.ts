import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A command that may have begun, for as long as its run is `running`. */
@Entity('running_commands')
export class RunningCommandEntity {
  @PrimaryColumn('text', { name: 'run_id' })
  runId!: string;

  /** Of its frame; the command's first line of output, so no secret once it runs. */
  @Column('text')
  nonce!: string;

  /** JSON of `NetworkAddress`. */
  @Column('text')
  place!: string;

  /** JSON of `HostMoment`; `null` where its host does not tell, or an older version began it. */
  @Column('text', { nullable: true })
  begun!: string | null;

  /** JSON of `CommandLimits`. */
  @Column('text')
  limits!: string;

  /** The values to mask in its output, sealed; `null` when there are none. */
  @Column('text', { name: 'masked_values', nullable: true })
  maskedValues!: string | null;
}
