import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { DomainError } from '../kernel/domain-error.js';
import { StartupError } from '../kernel/startup-error.js';
import type { StoredSecret } from './crypto/sealed.js';
import { DecryptionError, SecretCipher } from './crypto/secret-cipher.js';
import { SecretsRepository } from './secrets.repository.js';

const ROWS_AT_A_TIME = 100;

/** Holds the cipher, if there is a master key, and knows whether it is the right one. */
@Injectable()
export class Keyring {
  readonly #cipher: SecretCipher | null;
  #checkStored = false;

  constructor(
    { masterKey }: Settings,
    private readonly repository: SecretsRepository,
  ) {
    this.#cipher = masterKey === null ? null : new SecretCipher(masterKey);
  }

  get locked(): boolean {
    return this.#cipher === null;
  }

  /** The first change has to store the check with it. */
  get checkStored(): boolean {
    return this.#checkStored;
  }

  noteCheckStored(): void {
    this.#checkStored = true;
  }

  /** @throws DomainError `secrets_locked` */
  cipher(): SecretCipher {
    if (this.#cipher) return this.#cipher;
    throw new DomainError(
      'secrets_locked',
      'The service was started without its master key: set MASTER_KEY or MASTER_KEY_FILE',
    );
  }

  /**
   * Compares the key with the stored check; without one, as in a database of Risoluto 0.6, with the
   * rows, of which it must open at least one.
   * @throws StartupError
   */
  async verify(): Promise<void> {
    if (!this.#cipher) return;
    const check = await this.repository.keyCheck();
    const right = check ? this.#cipher.opensKeyCheck(check) : await this.#opensAnyRow(this.#cipher);
    if (!right) {
      throw new StartupError(
        'MASTER_KEY is not the key that the stored secrets were encrypted with: start with that one, or without any to start with the secrets locked',
      );
    }
    this.#checkStored = check !== null;
  }

  /** True when there is no row at all. */
  async #opensAnyRow(cipher: SecretCipher): Promise<boolean> {
    let rows = await this.repository.some('', ROWS_AT_A_TIME);
    if (rows.length === 0) return true;
    while (rows.length > 0) {
      if (rows.some((row) => opens(cipher, row))) return true;
      rows = await this.repository.some(rows.at(-1)?.key ?? '', ROWS_AT_A_TIME);
    }
    return false;
  }
}

function opens(cipher: SecretCipher, row: StoredSecret): boolean {
  try {
    cipher.open(row);
    return true;
  } catch (error) {
    if (error instanceof DecryptionError) return false;
    throw error;
  }
}
