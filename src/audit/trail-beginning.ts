import { Injectable } from '@nestjs/common';

import { AuditKey } from './audit-key.js';
import { GENESIS, type AuditRow, type ChainHead } from './audit-row.js';
import { AuditRepository } from './audit.repository.js';
import { checkLink, isGenuine } from './chain-link.js';

/**
 * The action of the row that is the checkpoint of a shortened trail. Its `details` have the `seq` and
 * the `hash` of the last row that was removed, so its own hash signs them under the audit key.
 */
export const TRAIL_SHORTENED = 'audit.shortened';

/** How many rows of that action, newest first, are looked at for one that the service wrote. */
const LOOK_AT = 100;

export interface OldestRows {
  beginning: ChainHead;
  rows: AuditRow[];
  broken: number | null;
}

/** What the first row of the table follows. */
@Injectable()
export class TrailBeginning {
  constructor(
    private readonly repository: AuditRepository,
    private readonly key: AuditKey,
  ) {}

  /**
   * The genesis, or what the newest checkpoint names. A checkpoint is a row of the chain: it cannot be
   * forged, moved or taken away without a break behind the older one that would then count.
   */
  async find(): Promise<ChainHead> {
    for (const row of await this.repository.newestOfAction(TRAIL_SHORTENED, LOOK_AT)) {
      if (!isGenuine(this.key, row)) continue;
      const { seq, hash } = JSON.parse(row.details ?? '{}') as ChainHead;
      return { seq, hash };
    }
    return GENESIS;
  }

  /** At most `limit` rows from the beginning on, up to the first one that is not sound. */
  async oldest(limit: number): Promise<OldestRows> {
    const beginning = await this.find();
    const rows = await this.repository.after(beginning.seq, limit);
    const broken = rows.findIndex(
      (row, index) => checkLink(this.key, rows[index - 1] ?? beginning, row) !== null,
    );
    return {
      beginning,
      rows: broken === -1 ? rows : rows.slice(0, broken),
      broken: rows[broken]?.seq ?? null,
    };
  }
}
