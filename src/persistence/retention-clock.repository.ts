import { Injectable } from '@nestjs/common';

import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { ReadSource } from './read-source.js';
import { Transactions } from './transactions.js';

/** A clock that is ahead of the last time that was taken for true. */
export interface ClockAhead {
  /** What it showed when it was looked at last; milliseconds since 1970. */
  readonly at: number;
  /** For how many milliseconds the service has run with it by then. */
  readonly forMs: number;
}

interface Row {
  at: number;
  aheadAt: number | null;
  aheadFor: number;
}

/** The one row that says which time retention took for true last. */
@Injectable()
export class RetentionClock {
  constructor(
    private readonly read: ReadSource,
    private readonly transactions: Transactions,
  ) {}

  /** `last`: milliseconds since 1970; `null` while no run has ever finished. */
  async look(): Promise<{ last: number | null; ahead: ClockAhead | null }> {
    const [row]: Row[] = await this.read.manager.query(
      'SELECT at, ahead_at AS aheadAt, ahead_for AS aheadFor FROM retention_clock WHERE id = 1',
    );
    if (row === undefined) return { last: null, ahead: null };
    const { at, aheadAt, aheadFor } = row;
    return { last: at || null, ahead: aheadAt === null ? null : { at: aheadAt, forMs: aheadFor } };
  }

  /** Without an audit row: it changes nothing that anybody sees. */
  keep(at: number): Promise<void> {
    return this.#write('at = ?, ahead_at = NULL, ahead_for = 0', [at]);
  }

  keepAhead({ at, forMs }: ClockAhead): Promise<void> {
    return this.#write('ahead_at = ?, ahead_for = ?', [at, forMs]);
  }

  async #write(columns: string, values: readonly number[]): Promise<void> {
    await this.transactions.run(SYSTEM_ORIGIN, ({ manager }) =>
      manager.query(`UPDATE retention_clock SET ${columns} WHERE id = 1`, [...values]),
    );
  }
}
