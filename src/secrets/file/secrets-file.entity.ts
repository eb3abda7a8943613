import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row: which `secrets.enc` the last committed change made, and of which. */
@Entity({ name: 'secrets_file' })
export class SecretsFileEntity {
  @PrimaryColumn({ type: 'integer' })
  id: number;

  /** SHA-256 of the file, in hex. */
  @Column({ type: 'text' })
  digest: string;

  @Column({ name: 'previous_digest', type: 'text', nullable: true })
  previousDigest: string | null;
}
