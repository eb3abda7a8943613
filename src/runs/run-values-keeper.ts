import { Injectable, type OnModuleInit } from '@nestjs/common';

import type { Transaction } from '../persistence/transactions.js';
import { SealedKeepers, type Resealer, type SealedKeeper } from '../secrets/sealed-keepers.js';

interface SealedRow {
  runId: string;
  masked: string;
}

/** The values of running commands, by which their output is masked, go with the master key. */
@Injectable()
export class RunValuesKeeper implements SealedKeeper, OnModuleInit {
  constructor(private readonly keepers: SealedKeepers) {}

  onModuleInit(): void {
    this.keepers.register(this);
  }

  /** What neither key opens stays as it is: the run is kept without its output. */
  async reseal({ manager }: Transaction, resealer: Resealer): Promise<number> {
    const rows: SealedRow[] = await manager.query(
      'SELECT run_id AS runId, masked_values AS masked FROM running_commands WHERE masked_values IS NOT NULL',
    );
    let count = 0;
    for (const { runId, masked } of rows) {
      const resealed = resealer.forRun(runId, masked);
      if (resealed === null) continue;
      await manager.query('UPDATE running_commands SET masked_values = ? WHERE run_id = ?', [
        resealed,
        runId,
      ]);
      count++;
    }
    return count;
  }
}
