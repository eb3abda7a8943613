import { Injectable } from '@nestjs/common';
import { In, type EntityManager, type Repository } from 'typeorm';

import { ReadSource } from '../persistence/read-source.js';
import type { Sealed, StoredSecret } from './crypto/sealed.js';
import { EncryptedSecretEntity } from './encrypted-secret.entity.js';
import { KeyCheckEntity } from './key-check.entity.js';
import type { SecretSummary } from './secret-store.js';

const KEY_CHECK_ID = 1;

export interface SecretChange {
  readonly secret: StoredSecret;
  readonly at: number;
  readonly by: string;
}

@Injectable()
export class SecretsRepository {
  readonly #secrets: Repository<EncryptedSecretEntity>;
  readonly #checks: Repository<KeyCheckEntity>;

  constructor(read: ReadSource) {
    this.#secrets = read.manager.getRepository(EncryptedSecretEntity);
    this.#checks = read.manager.getRepository(KeyCheckEntity);
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
  some(after: string, limit: number): Promise<StoredSecret[]> {
    return this.#secrets
      .createQueryBuilder('secret')
      .where('secret.key > :after', { after })
      .orderBy('secret.key')
      .limit(limit)
      .getMany();
  }

  keyCheck(): Promise<Sealed | null> {
    return this.#checks.findOneBy({ id: KEY_CHECK_ID });
  }

  async putKeyCheck(manager: EntityManager, check: Sealed): Promise<void> {
    await manager.query(
      `INSERT INTO secrets_key_check (id, ciphertext, iv, auth_tag) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
      [KEY_CHECK_ID, check.ciphertext, check.iv, check.authTag],
    );
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

  exists(manager: EntityManager, key: string): Promise<boolean> {
    return manager.existsBy(EncryptedSecretEntity, { key });
  }

  async remove(manager: EntityManager, key: string): Promise<void> {
    await manager.delete(EncryptedSecretEntity, { key });
  }
}
