import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row: a known text, sealed under the master key that the secrets are sealed under. */
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
}
