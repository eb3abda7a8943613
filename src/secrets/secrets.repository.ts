import { Injectable } from '@nestjs/common';
import { In, type EntityManager, type Repository } from 'typeorm';

import { ReadSource } from '../persistence/read-source.js';
import type { StoredSecret } from './crypto/sealed.js';
import { EncryptedSecretEntity } from './encrypted-secret.entity.js';
import type { SecretSummary } from './secret-store.js';

export interface SecretChange {
  readonly secret: StoredSecret;
  readonly at: number;
  readonly by: string;
}

@Injectable()
export class SecretsRepository {
  readonly #secrets: Repository<EncryptedSecretEntity>;

  constructor(read: ReadSource) {
    this.#secrets = read.manager.getRepository(EncryptedSecretEntity);
  }

  summaries(): Promise<SecretSummary[]> {
    return this.#secrets.find({
      select: { key: true, version: true, createdAt: true, updatedAt: true, updatedBy: true },
      order: { key: 'ASC' },
    });
  }

  /** One statement, so all rows are of one moment. */
  find(keys: readonly string[]): Promise<StoredSecret[]> {
    return this.#secrets.findBy({ key: In([...keys]) });
  }

  async existing(keys: readonly string[]): Promise<Set<string>> {
    const rows = await this.#secrets.find({ where: { key: In([...keys]) }, select: { key: true } });
    return new Set(rows.map((row) => row.key));
  }

  /** Up to `limit` rows after `key`, by key. */
  some(after: string, limit: number, manager?: EntityManager): Promise<StoredSecret[]> {
    const secrets = manager?.getRepository(EncryptedSecretEntity) ?? this.#secrets;
    return secrets
      .createQueryBuilder('secret')
      .where('secret.key > :after', { after })
      .orderBy('secret.key')
      .limit(limit)
      .getMany();
  }

  async hasAny(): Promise<boolean> {
    return this.#secrets.exists();
  }

  async put(manager: EntityManager, { secret, at, by }: SecretChange): Promise<void> {
    await manager.query(
      `INSERT INTO encrypted_secrets
         (key, ciphertext, iv, auth_tag, format, version, created_at, updated_at, updated_by)
       VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET
         ciphertext = excluded.ciphertext, iv = excluded.iv, auth_tag = excluded.auth_tag,
         format = excluded.format, version = encrypted_secrets.version + 1,
         updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
      [secret.key, secret.ciphertext, secret.iv, secret.authTag, secret.format, at, at, by],
    );
  }

  /** The same secrets under other ciphertexts, at most 1,000; nothing else of them changes. */
  async replaceCiphertexts(
    manager: EntityManager,
    secrets: readonly StoredSecret[],
  ): Promise<void> {
    if (secrets.length === 0) return;
    const rows = secrets.map(() => "(?, ?, ?, ?, ?, 0, 0, 0, '')").join(', ');
    await manager.query(
      `INSERT INTO encrypted_secrets
         (key, ciphertext, iv, auth_tag, format, version, created_at, updated_at, updated_by)
       VALUES ${rows}
       ON CONFLICT (key) DO UPDATE SET ciphertext = excluded.ciphertext, iv = excluded.iv,
         auth_tag = excluded.auth_tag, format = excluded.format`,
      secrets.flatMap(({ key, ciphertext, iv, authTag, format }) => [
        key,
        ciphertext,
        iv,
        authTag,
        format,
      ]),
    );
  }

  exists(manager: EntityManager, key: string): Promise<boolean> {
    return manager.existsBy(EncryptedSecretEntity, { key });
  }

  async remove(manager: EntityManager, key: string): Promise<void> {
    await manager.delete(EncryptedSecretEntity, { key });
  }
}
