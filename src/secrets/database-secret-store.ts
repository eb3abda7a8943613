import { Injectable } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Origin } from '../kernel/origin.js';
import { Redacted } from '../kernel/redacted.js';
import { Transactions, type Transaction } from '../persistence/transactions.js';
import type { CipherRing } from './crypto/cipher-ring.js';
import type { StoredSecret } from './crypto/sealed.js';
import { DecryptionError } from './crypto/secret-cipher.js';
import { KeyChecksRepository } from './key-checks.repository.js';
import { Keyring } from './keyring.js';
import { SECRET_DELETED, SECRET_SET } from './secret-actions.js';
import { assertSecretKey, assertSecretValue } from './secret-name.js';
import { SecretStore, type SecretSummary } from './secret-store.js';
import { SecretsRepository } from './secrets.repository.js';

/** Secrets in the table `encrypted_secrets`, each row sealed for itself. */
@Injectable()
export class DatabaseSecretStore extends SecretStore {
  readonly kind = 'database';
  readonly trouble = null;

  constructor(
    private readonly repository: SecretsRepository,
    private readonly checks: KeyChecksRepository,
    private readonly transactions: Transactions,
    private readonly keyring: Keyring,
    private readonly clock: Clock,
  ) {
    super();
  }

  recover(): Promise<void> {
    return Promise.resolve();
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  async list(): Promise<SecretSummary[]> {
    this.keyring.cipher();
    return this.repository.summaries();
  }

  async set(origin: Origin, key: string, value: unknown): Promise<void> {
    const cipher = this.keyring.cipher();
    assertSecretKey(key);
    assertSecretValue(value);
    const secret = cipher.seal(key, new Redacted(value));
    const check = this.keyring.checkToStore();
    await this.transactions.run(origin, async (tx) => {
      if (check) await this.checks.put(tx.manager, check);
      await this.repository.put(tx.manager, { secret, at: this.clock.now(), by: origin.actor });
      tx.audit({ action: SECRET_SET, target: key });
    });
    this.keyring.noteCheckStored(check);
  }

  async delete(origin: Origin, key: string): Promise<void> {
    this.keyring.cipher();
    assertSecretKey(key);
    await this.transactions.run(origin, async (tx) => {
      if (!(await this.repository.exists(tx.manager, key))) {
        throw new DomainError('secret_not_found', 'There is no secret of that key');
      }
      await this.repository.remove(tx.manager, key);
      tx.audit({ action: SECRET_DELETED, target: key });
    });
  }

  async existing(keys: readonly string[]): Promise<Set<string>> {
    this.keyring.cipher();
    return this.repository.existing(keys);
  }

  async reveal(keys: readonly string[]): Promise<Map<string, Redacted>> {
    const ring = this.keyring.ring();
    const rows = await this.repository.find(keys);
    return new Map(rows.map((row) => [row.key, open(ring, row)]));
  }

  async reseal(
    origin: Origin,
    rest: (tx: Transaction, kept: number) => Promise<void>,
  ): Promise<void> {
    await this.transactions.run(origin, (tx) => rest(tx, 0));
  }
}

function open(ring: CipherRing, row: StoredSecret): Redacted {
  try {
    return ring.open(row);
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    throw new DomainError(
      'secret_unreadable',
      `The stored value of the secret ${row.key} cannot be decrypted: set it again`,
      { cause: error },
    );
  }
}
