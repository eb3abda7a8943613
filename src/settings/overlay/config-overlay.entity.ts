import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An overlay of the configuration: the one in force, or one that a start set aside. */
@Entity({ name: 'config_overlays' })
export class ConfigOverlayEntity {
  /** `current`, or `set-aside-` and a time. */
  @PrimaryColumn({ type: 'text' })
  id: string;

  /** JSON; of one that was set aside, whatever stood there. */
  @Column({ type: 'text' })
  content: string;

  /** JSON: why it was set aside. */
  @Column({ type: 'text', nullable: true })
  problems: string | null;

  @Column({ name: 'changed_at', type: 'bigint' })
  changedAt: number;

  @Column({ name: 'changed_by', type: 'text' })
  changedBy: string;
}
