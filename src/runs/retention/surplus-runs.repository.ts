import { Injectable } from '@nestjs/common';

import { ReadSource } from '../../persistence/read-source.js';
import { FINAL_STATUSES } from '../run-status.js';

/** Finished runs beyond a number. */
@Injectable()
export class SurplusRuns {
  constructor(private readonly read: ReadSource) {}

  /**
   * At most `limit` of the oldest finished runs that are more than `most`. None whose idempotency key
   * is still good: its request would make another run.
   */
  async oldest(most: number, limit: number): Promise<string[]> {
    const finished = FINAL_STATUSES.map((status) => `'${status}'`).join(',');
    const surplus: { id: string }[] = await this.read.manager.query(
      `SELECT id FROM runs WHERE status IN (${finished})
       AND id NOT IN (SELECT run_id FROM idempotency_keys)
       ORDER BY id LIMIT MIN(?, MAX(0, (SELECT COUNT(*) FROM runs WHERE status IN (${finished})) - ?))`,
      [limit, most],
    );
    return surplus.map(({ id }) => id);
  }
}
