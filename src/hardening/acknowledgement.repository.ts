import { Injectable } from '@nestjs/common';
import type { EntityManager, Repository } from 'typeorm';

import { ReadSource } from '../persistence/read-source.js';
import { AcknowledgementEntity } from './acknowledgement.entity.js';

@Injectable()
export class AcknowledgementRepository {
  readonly #rows: Repository<AcknowledgementEntity>;

  constructor(read: ReadSource) {
    this.#rows = read.manager.getRepository(AcknowledgementEntity);
  }

  find(item: string): Promise<AcknowledgementEntity | null> {
    return this.#rows.findOneBy({ item });
  }

  async put(manager: EntityManager, row: AcknowledgementEntity): Promise<void> {
    await manager.query(
      `INSERT INTO hardening_acknowledgements (item, subject, acknowledged_at, acknowledged_by)
       VALUES (?, ?, ?, ?)
       ON CONFLICT (item) DO UPDATE SET subject = excluded.subject,
         acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by`,
      [row.item, row.subject, row.acknowledgedAt, row.acknowledgedBy],
    );
  }

  /** @returns whether there was one. */
  async remove(manager: EntityManager, item: string): Promise<boolean> {
    const found = await manager.existsBy(AcknowledgementEntity, { item });
    if (found) await manager.delete(AcknowledgementEntity, { item });
    return found;
  }
}
