import { Injectable } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import type { Origin } from '../kernel/origin.js';
import type { Transaction } from '../persistence/transactions.js';
import type { CipherRing } from './crypto/cipher-ring.js';
import type { StoredSecret } from './crypto/sealed.js';
import { DecryptionError } from './crypto/secret-cipher.js';
import { KeyChecksRepository, type NewKeyCheck } from './key-checks.repository.js';
import { Keyring } from './keyring.js';
import { resealerOf } from './resealer.js';
import { SealedKeepers } from './sealed-keepers.js';
import { KEY_ROTATED } from './secret-actions.js';
import { SecretStore } from './secret-store.js';
import { SecretsRepository } from './secrets.repository.js';

const ROWS_AT_A_TIME = 100;
const NOTHING_TO_DO: Rotation = { rotated: false, secrets: 0, others: 0 };

export interface Rotation {
  /** `false`: everything was under the key in use before, and nothing was changed. */
  readonly rotated: boolean;
  /** Secrets that were encrypted anew. */
  readonly secrets: number;
  /** Other texts that were: values of runs whose command goes on. */
  readonly others: number;
}

/** Brings all that is sealed under the key before under the key in use. */
@Injectable()
export class KeyRotation {
  /** One after another: the second of two finds nothing to do. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: SecretStore,
    private readonly keyring: Keyring,
    private readonly repository: SecretsRepository,
    private readonly checks: KeyChecksRepository,
    private readonly keepers: SealedKeepers,
  ) {}

  /**
   * One transaction: after a crash everything is under the keys that it was under, or under the new
   * one. Leaves one audit row, and none when there was nothing to do.
   * @throws DomainError `secrets_locked`, `secret_unreadable` naming what neither key opens: then
   * nothing is changed
   */
  rotate(origin: Origin): Promise<Rotation> {
    const done = this.#line.then(() => this.#rotate(origin));
    this.#line = done.catch(() => undefined);
    return done;
  }

  async #rotate(origin: Origin): Promise<Rotation> {
    const ring = this.keyring.ring();
    if (!this.keyring.rotationPending) return NOTHING_TO_DO;
    let rotation = NOTHING_TO_DO;
    let check: NewKeyCheck | null = null;
    await this.store.reseal(origin, async (tx, kept) => {
      const secrets = kept + (await this.#resealRows(tx, ring));
      let others = 0;
      for (const keeper of this.keepers.list()) {
        others += await keeper.reseal(tx, resealerOf(ring));
      }
      check = this.keyring.finalCheck();
      await this.checks.replaceAll(tx.manager, check);
      rotation = { rotated: true, secrets, others };
      tx.audit({ action: KEY_ROTATED, target: 'master-key', details: { secrets, others } });
    });
    if (check !== null) this.keyring.settle(check);
    return rotation;
  }

  /** The table is rotated where the file is in use too: an operator may go back to it. */
  async #resealRows(tx: Transaction, ring: CipherRing): Promise<number> {
    const unreadable: string[] = [];
    let count = 0;
    let rows = await this.repository.some('', ROWS_AT_A_TIME, tx.manager);
    while (rows.length > 0) {
      const resealed = rows.map((row) => resealRow(ring, row));
      rows.forEach(({ key }, index) => resealed[index] ?? unreadable.push(key));
      const whole = resealed.filter((row) => row !== null);
      await this.repository.replaceCiphertexts(tx.manager, whole);
      count += whole.length;
      rows = await this.repository.some(rows.at(-1)?.key ?? '', ROWS_AT_A_TIME, tx.manager);
    }
    // Where the table is not in use, nobody could set or delete them.
    if (unreadable.length > 0 && this.store.kind === 'database')
      throw unreadableSecrets(unreadable);
    return count;
  }
}

function resealRow(ring: CipherRing, row: StoredSecret): StoredSecret | null {
  try {
    return ring.current.seal(row.key, ring.open(row));
  } catch (error) {
    if (error instanceof DecryptionError) return null;
    throw error;
  }
}

function unreadableSecrets(keys: readonly string[]): DomainError {
  return new DomainError(
    'secret_unreadable',
    'Stored values open with neither key, so nothing was changed: set or delete them first',
    { details: keys.slice(0, 100).map((key) => ({ field: key, message: 'cannot be decrypted' })) },
  );
}
