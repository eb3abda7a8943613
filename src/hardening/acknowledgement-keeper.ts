import { Injectable, type OnModuleInit } from '@nestjs/common';

import type { Transaction } from '../persistence/transactions.js';
import { SealedKeepers, type Resealer, type SealedKeeper } from '../secrets/sealed-keepers.js';
import { BACKUP, BACKUP_WITHDRAWN } from './acknowledged-items.js';

/** That a copy of the master key exists was said of one key: it does not pass to the next. */
@Injectable()
export class AcknowledgementKeeper implements SealedKeeper, OnModuleInit {
  constructor(private readonly keepers: SealedKeepers) {}

  onModuleInit(): void {
    this.keepers.register(this);
  }

  async reseal(tx: Transaction, resealer: Resealer): Promise<number> {
    const rows: { subject: string }[] = await tx.manager.query(
      'SELECT subject FROM hardening_acknowledgements WHERE item = ?',
      [BACKUP],
    );
    if (!rows.some(({ subject }) => !resealer.isOfNewKey(subject))) return 0;
    await tx.manager.query('DELETE FROM hardening_acknowledgements WHERE item = ?', [BACKUP]);
    tx.audit({ action: BACKUP_WITHDRAWN, target: BACKUP });
    return 0;
  }
}
