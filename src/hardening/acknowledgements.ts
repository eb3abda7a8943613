import { Injectable } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Origin } from '../kernel/origin.js';
import { Transactions } from '../persistence/transactions.js';
import { KeyWitness } from '../secrets/key-witness.js';
import { BACKUP, BACKUP_WITHDRAWN } from './acknowledged-items.js';
import { AcknowledgementRepository } from './acknowledgement.repository.js';

/** What is known of a backup of the master key. */
export interface BackupFacts {
  readonly locked: boolean;
  /** Under the present key; `null`: not, or under another one. */
  readonly acknowledgedAt: number | null;
  readonly by: string | null;
}

/** That a copy of the master key exists elsewhere: said by an operator, of the key in use alone. */
@Injectable()
export class Acknowledgements {
  constructor(
    private readonly rows: AcknowledgementRepository,
    private readonly transactions: Transactions,
    private readonly witness: KeyWitness,
    private readonly clock: Clock,
  ) {}

  async masterKeyBackup(): Promise<BackupFacts> {
    const none = { locked: this.witness.locked, acknowledgedAt: null, by: null };
    if (none.locked) return none;
    const row = await this.rows.find(BACKUP);
    if (row === null || !this.witness.recognises(row.subject)) return none;
    return { ...none, acknowledgedAt: row.acknowledgedAt, by: row.acknowledgedBy };
  }

  /**
   * Durable, with its audit row, when it resolves. Saying it again renews it.
   * @param proof that the copy is the key in use, from `proveKey`; without one it is taken as said
   * @throws DomainError `secrets_locked`, `key_mismatch` when the proof is of another key
   */
  async acknowledgeBackup(origin: Origin, proof: string | undefined): Promise<void> {
    const subject = this.witness.make();
    if (proof !== undefined && !this.witness.proves(proof)) {
      throw new DomainError('key_mismatch', 'The copy is not the master key that is in use', {
        details: [{ field: 'proof', message: 'must be made from the key in use' }],
      });
    }
    await this.transactions.run(origin, async (tx) => {
      await this.rows.put(tx.manager, {
        item: BACKUP,
        subject,
        acknowledgedAt: this.clock.now(),
        acknowledgedBy: origin.actor,
      });
      const details = { compared: proof !== undefined };
      tx.audit({ action: 'hardening.acknowledged', target: BACKUP, details });
    });
  }

  /** Taking back what was not said changes nothing and leaves no audit row. */
  async withdrawBackup(origin: Origin): Promise<void> {
    await this.transactions.run(origin, async (tx) => {
      if (!(await this.rows.remove(tx.manager, BACKUP))) return;
      tx.audit({ action: BACKUP_WITHDRAWN, target: BACKUP });
    });
  }
}
