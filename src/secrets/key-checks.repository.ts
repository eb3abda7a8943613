import { Injectable } from '@nestjs/common';
import type { EntityManager, Repository } from 'typeorm';

import { ReadSource } from '../persistence/read-source.js';
import type { Sealed } from './crypto/sealed.js';
import { KeyCheckEntity } from './key-check.entity.js';

export type KeyCheck = Readonly<KeyCheckEntity>;

/** A check that is to be stored. */
export interface NewKeyCheck extends Sealed {
  readonly id: number;
  readonly encryptions: number;
}

@Injectable()
export class KeyChecksRepository {
  readonly #checks: Repository<KeyCheckEntity>;

  constructor(read: ReadSource) {
    this.#checks = read.manager.getRepository(KeyCheckEntity);
  }

  all(): Promise<KeyCheck[]> {
    return this.#checks.find({ order: { id: 'ASC' } });
  }

  /** Does nothing where there is one of that id. */
  async put(manager: EntityManager, check: NewKeyCheck): Promise<void> {
    await manager.query(
      `INSERT INTO secrets_key_check (id, ciphertext, iv, auth_tag, encryptions) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
      [check.id, check.ciphertext, check.iv, check.authTag, check.encryptions],
    );
  }

  /** This one stands for everything from now on. */
  async replaceAll(manager: EntityManager, check: NewKeyCheck): Promise<void> {
    await manager.query('DELETE FROM secrets_key_check');
    await this.put(manager, check);
  }

  /** Never makes the number smaller. */
  async countUpTo(manager: EntityManager, id: number, encryptions: number): Promise<void> {
    await manager.query(
      'UPDATE secrets_key_check SET encryptions = MAX(encryptions, ?) WHERE id = ?',
      [encryptions, id],
    );
  }
}
