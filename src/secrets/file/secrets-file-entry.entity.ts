import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What is known of a secret in `secrets.enc`; one that another program put there has no row. */
@Entity({ name: 'secrets_file_entries' })
export class SecretsFileEntryEntity {
  @PrimaryColumn({ type: 'text' })
  key: string;

  /** `null`: it was set before anybody counted. */
  @Column({ type: 'integer', nullable: true })
  version: number | null;

  @Column({ name: 'created_at', type: 'bigint', nullable: true })
  createdAt: number | null;

  @Column({ name: 'updated_at', type: 'bigint' })
  updatedAt: number;

  @Column({ name: 'updated_by', type: 'text' })
  updatedBy: string;
}
