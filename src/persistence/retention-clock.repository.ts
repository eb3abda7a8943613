import { Injectable } from '@nestjs/common';

import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { ReadSource } from './read-source.js';
import { Transactions } from './transactions.js';

/** The one row that says which time retention took for true last. */
@Injectable()
export class RetentionClock {
  constructor(
    private readonly read: ReadSource,
    private readonly transactions: Transactions,
  ) {}

  /** Milliseconds since 1970; `null` while no run has ever finished. */
  async last(): Promise<number | null> {
    const rows: { at: number }[] = await this.read.manager.query(
      'SELECT at FROM retention_clock WHERE id = 1',
    );
    return rows[0]?.at || null;
  }

  /** Without an audit row: it changes nothing that anybody sees. */
  async keep(at: number): Promise<void> {
    await this.transactions.run(SYSTEM_ORIGIN, ({ manager }) =>
      manager.query('UPDATE retention_clock SET at = ? WHERE id = 1', [at]),
    );
  }
}
