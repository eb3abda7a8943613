import { Injectable, Logger } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import type { RetentionTask } from '../kernel/retention.js';
import { BelievedTime } from '../persistence/believed-time.js';
import { Transactions } from '../persistence/transactions.js';
import type { AuditRow } from './audit-row.js';
import { AuditTrail } from './audit-trail.js';
import { AuditRepository } from './audit.repository.js';
import { TRAIL_SHORTENED, TrailBeginning } from './trail-beginning.js';

const DAY_MS = 86_400_000;
const AT_A_TIME = 1000;

/**
 * Removes the oldest rows of the trail where the operator set `retention.auditDays`, each batch in one
 * transaction with the row that is its signed checkpoint. Only rows that were checked are removed: from
 * the first broken one on, all are kept. So is every row behind one that is not too old yet.
 */
@Injectable()
export class ExpiredAuditRows implements RetentionTask {
  readonly name = 'audit_rows';
  readonly #logger = new Logger('Audit');

  constructor(
    private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly repository: AuditRepository,
    private readonly trail: AuditTrail,
    private readonly beginning: TrailBeginning,
    private readonly time: BelievedTime,
  ) {}

  async removeSome(): Promise<number> {
    const { auditDays } = this.settings.retention;
    if (auditDays === 0) return 0;
    const now = await this.time.now();
    if (now === null) return 0;
    const before = now - auditDays * DAY_MS;
    const expired = await this.#expired(before);
    const last = expired.at(-1);
    if (last === undefined) return 0;
    const count = expired.length;
    await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const removed = await this.repository.removeUpTo(tx.manager, last);
      if (removed !== count)
        throw new Error('the oldest audit rows changed while they were checked');
      const { seq, hash } = last;
      const details = { seq, hash, count, before: new Date(before).toISOString() };
      tx.audit({ action: TRAIL_SHORTENED, target: 'audit', details });
    });
    return count;
  }

  /**
   * The oldest rows, at most `AT_A_TIME` and never the last one of the trail. Fewer only when one is a
   * day too old, and none where they are checkpoints alone, or these would make work for each other.
   */
  async #expired(before: number): Promise<AuditRow[]> {
    const { rows, broken } = await this.beginning.oldest(AT_A_TIME);
    if (broken !== null) {
      this.#logger.warn(`row ${broken} of the audit trail is broken: it and all after it are kept`);
    }
    const young = rows.findIndex(({ at, seq }) => at >= before || seq >= this.trail.anchored.seq);
    const expired = young === -1 ? rows : rows.slice(0, young);
    const oldest = expired.find(({ action }) => action !== TRAIL_SHORTENED);
    if (oldest === undefined) return [];
    return expired.length === AT_A_TIME || oldest.at < before - DAY_MS ? expired : [];
  }
}
