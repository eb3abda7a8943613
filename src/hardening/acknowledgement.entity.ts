import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What an operator has said to be done and no program can see. */
@Entity({ name: 'hardening_acknowledgements' })
export class AcknowledgementEntity {
  @PrimaryColumn({ type: 'text' })
  item: string;

  /** What it was said of; when that changes, it is said no more. */
  @Column({ type: 'text' })
  subject: string;

  @Column({ name: 'acknowledged_at', type: 'bigint' })
  acknowledgedAt: number;

  @Column({ name: 'acknowledged_by', type: 'text' })
  acknowledgedBy: string;
}
