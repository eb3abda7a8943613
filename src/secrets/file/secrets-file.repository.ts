import { Injectable } from '@nestjs/common';
import type { EntityManager, Repository } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';
import { SecretsFileEntryEntity } from './secrets-file-entry.entity.js';
import { SecretsFileEntity } from './secrets-file.entity.js';

const FILE_ID = 1;

/** Committed file, and the one before it; SHA-256 in hex. */
export interface CommittedFile {
  readonly committed: string | null;
  readonly before: string | null;
}

export interface EntryChange {
  readonly key: string;
  readonly at: number;
  readonly by: string;
  /** There was a value under the key. */
  readonly existed: boolean;
}

@Injectable()
export class SecretsFileRepository {
  readonly #files: Repository<SecretsFileEntity>;
  readonly #entries: Repository<SecretsFileEntryEntity>;

  constructor(read: ReadSource) {
    this.#files = read.manager.getRepository(SecretsFileEntity);
    this.#entries = read.manager.getRepository(SecretsFileEntryEntity);
  }

  async committed(): Promise<CommittedFile> {
    const row = await this.#files.findOneBy({ id: FILE_ID });
    return { committed: row?.digest ?? null, before: row?.previousDigest ?? null };
  }

  async commit(manager: EntityManager, digest: string, before: string | null): Promise<void> {
    await manager.query(
      `INSERT INTO secrets_file (id, digest, previous_digest) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET
         digest = excluded.digest, previous_digest = excluded.previous_digest`,
      [FILE_ID, digest, before],
    );
  }

  entries(): Promise<SecretsFileEntryEntity[]> {
    return this.#entries.find();
  }

  /** What was not counted from the first stays uncounted. */
  async noteSet(manager: EntityManager, { key, at, by, existed }: EntryChange): Promise<void> {
    await manager.query(
      `INSERT INTO secrets_file_entries (key, version, created_at, updated_at, updated_by)
       VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET version = secrets_file_entries.version + 1,
         updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
      [key, existed ? null : 1, existed ? null : at, at, by],
    );
  }

  async noteDeleted(manager: EntityManager, key: string): Promise<void> {
    await manager.delete(SecretsFileEntryEntity, { key });
  }

  async forgetEntries(manager: EntityManager): Promise<void> {
    await manager.query('DELETE FROM secrets_file_entries');
  }
}
