import { Injectable } from '@nestjs/common';

import type { Origin } from '../kernel/origin.js';
import { Transactions } from '../persistence/transactions.js';
import type { HardeningRepairs } from './dto/hardening.dto.js';
import { HardeningReports } from './hardening-reports.js';

/** Repairs that a client asked for, with their audit row. */
@Injectable()
export class Repairs {
  constructor(
    private readonly reports: HardeningReports,
    private readonly transactions: Transactions,
  ) {}

  /** Commits that it is attempted before anything outside the database changes. */
  async perform(origin: Origin): Promise<HardeningRepairs> {
    await this.transactions.run(origin, (tx) => {
      tx.audit({ action: 'hardening.repaired', target: 'host' });
      return Promise.resolve();
    });
    const repairs = await this.reports.repair();
    return { repairs, report: await this.reports.current() };
  }
}
