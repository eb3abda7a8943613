import { Injectable } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Origin } from '../kernel/origin.js';
import { Redacted } from '../kernel/redacted.js';
import { Transactions } from '../persistence/transactions.js';
import type { StoredSecret } from './crypto/sealed.js';
import { DecryptionError, type SecretCipher } from './crypto/secret-cipher.js';
import { Keyring } from './keyring.js';
import { SECRET_DELETED, SECRET_SET } from './secret-actions.js';
import { assertSecretKey, assertSecretValue } from './secret-name.js';
import { SecretStore, type SecretSummary } from './secret-store.js';
import { SecretsRepository } from './secrets.repository.js';

/** Secrets in the table `encrypted_secrets`, each row sealed for itself. */
@Injectable()
export class DatabaseSecretStore extends SecretStore {
  constructor(
    private readonly repository: SecretsRepository,
    private readonly transactions: Transactions,
    private readonly keyring: Keyring,
    private readonly clock: Clock,
  ) {
    super();
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
    const check = this.keyring.checkStored ? null : cipher.sealKeyCheck();
    await this.transactions.run(origin, async (tx) => {
      if (check) await this.repository.putKeyCheck(tx.manager, check);
      await this.repository.put(tx.manager, { secret, at: this.clock.now(), by: origin.actor });
      tx.audit({ action: SECRET_SET, target: key });
    });
    this.keyring.noteCheckStored();
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
    const cipher = this.keyring.cipher();
    const rows = await this.repository.find(keys);
    return new Map(rows.map((row) => [row.key, open(cipher, row)]));
  }
}

function open(cipher: SecretCipher, row: StoredSecret): Redacted {
  try {
    return cipher.open(row);
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    throw new DomainError(
      'secret_unreadable',
      `The stored value of the secret ${row.key} cannot be decrypted: set it again`,
      { cause: error },
    );
  }
}
