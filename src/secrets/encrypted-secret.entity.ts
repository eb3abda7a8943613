import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'encrypted_secrets' })
export class EncryptedSecretEntity {
  @PrimaryColumn({ type: 'text' })
  key: string;

  /** Base64, as `iv` and `authTag`. */
  @Column({ type: 'text' })
  ciphertext: string;

  @Column({ type: 'text' })
  iv: string;

  @Column({ name: 'auth_tag', type: 'text' })
  authTag: string;

  /** 0: from Risoluto 0.6, bound to nothing; 1: bound to its key. */
  @Column({ type: 'integer' })
  format: number;

  @Column({ type: 'integer' })
  version: number;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt: number;

  @Column({ name: 'updated_at', type: 'bigint' })
  updatedAt: number;

  @Column({ name: 'updated_by', type: 'text' })
  updatedBy: string;
}
