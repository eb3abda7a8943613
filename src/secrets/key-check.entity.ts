import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A known text, sealed under a master key that secrets are sealed under: one row, and two while some
 * are under a new key and others under the one before.
 */
@Entity({ name: 'secrets_key_check' })
export class KeyCheckEntity {
  @PrimaryColumn({ type: 'integer' })
  id: number;

  @Column({ type: 'text' })
  ciphertext: string;

  @Column({ type: 'text' })
  iv: string;

  @Column({ name: 'auth_tag', type: 'text' })
  authTag: string;

  /** What was ever encrypted under that key, or a little more. */
  @Column({ type: 'bigint' })
  encryptions: number;
}
