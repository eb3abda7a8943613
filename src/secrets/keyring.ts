import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Transaction } from '../persistence/transactions.js';
import { CipherRing } from './crypto/cipher-ring.js';
import { SecretCipher } from './crypto/secret-cipher.js';
import { judgeChecks } from './key-verdict.js';
import { KeyChecksRepository, type NewKeyCheck } from './key-checks.repository.js';
import { KeyUse } from './key-use.js';
import { rowsUnder } from './rows-under.js';
import { SecretsRepository } from './secrets.repository.js';

/** Holds the ciphers, if there is a master key, and knows what is under which. */
@Injectable()
export class Keyring {
  #ring: CipherRing | null;
  /** The id that a check of the key in use will have; `null` once it is stored. */
  #missingCheck: number | null = 1;
  #rotationPending = false;

  constructor(
    { masterKey, previousMasterKey }: Settings,
    private readonly secrets: SecretsRepository,
    private readonly checks: KeyChecksRepository,
    private readonly use: KeyUse,
  ) {
    const current = masterKey && new SecretCipher(masterKey, () => use.note());
    const previous = previousMasterKey && new SecretCipher(previousMasterKey);
    this.#ring = current && new CipherRing(current, previous);
  }

  get locked(): boolean {
    return this.#ring === null;
  }

  /** Something is, or may be, under the key before, so that a start needs both keys. */
  get rotationPending(): boolean {
    return this.#rotationPending;
  }

  /** What seals. @throws DomainError `secrets_locked` */
  cipher(): SecretCipher {
    return this.ring().current;
  }

  /** What opens; to be fetched before what it opens is read. @throws DomainError `secrets_locked` */
  ring(): CipherRing {
    if (this.#ring) return this.#ring;
    throw new DomainError(
      'secrets_locked',
      'The service was started without its master key: set MASTER_KEY or MASTER_KEY_FILE',
    );
  }

  /** What a change has to store with it, so that no other key starts; `null` once it is stored. */
  checkToStore(): NewKeyCheck | null {
    if (this.#missingCheck === null) return null;
    return this.#check(this.#missingCheck);
  }

  /** In the transaction that keeps something sealed outside the stores of secrets, with `checkToStore`. */
  async putCheck({ manager }: Transaction, check: NewKeyCheck | null): Promise<void> {
    if (check !== null) await this.checks.put(manager, check);
  }

  noteCheckStored(check: NewKeyCheck | null): void {
    if (check === null || check.id !== this.#missingCheck) return;
    this.#missingCheck = null;
    this.use.resume(check.id, check.encryptions);
  }

  /** The one check that stands when everything is under the key in use. */
  finalCheck(): NewKeyCheck {
    return this.#check(1);
  }

  /** The final check is stored: the key before opens nothing any more. */
  settle(check: NewKeyCheck): void {
    this.#ring = new CipherRing(this.ring().current, null);
    this.#rotationPending = false;
    this.#missingCheck = null;
    this.use.resume(check.id, check.encryptions);
  }

  /** Something was found that only the key before opens. */
  noteUnderPrevious(): void {
    this.#rotationPending = true;
  }

  /**
   * Compares the keys with the stored checks; without one, as in a database of Risoluto 0.6, with the
   * rows, of which they must open at least one.
   * @returns a check that has to be stored, since rows are under a key and none is: also under the key
   * before, which would be forgotten as soon as one of the key in use were the only one
   * @throws StartupError
   */
  async verify(): Promise<NewKeyCheck | null> {
    if (!this.#ring) return null;
    const stored = await this.checks.all();
    const rows = stored.length === 0 ? await rowsUnder(this.#ring, this.secrets) : 'none';
    this.#rotationPending = judgeChecks(this.#ring, stored, rows) === 'pending';
    const { current } = this.#ring;
    const ours = stored.filter((check) => current.opensKeyCheck(check));
    const [own] = ours.sort((one, other) => other.encryptions - one.encryptions);
    if (own) {
      this.#missingCheck = null;
      await this.use.recover(own.id, own.encryptions);
      return null;
    }
    this.#missingCheck = Math.max(0, ...stored.map(({ id }) => id)) + 1;
    if (rows === 'previous' && this.#ring.previous !== null) {
      const id = this.#missingCheck++;
      return { id, ...this.#ring.previous.sealKeyCheck(), encryptions: 0 };
    }
    return rows === 'current' ? this.checkToStore() : null;
  }

  #check(id: number): NewKeyCheck {
    const sealed = this.ring().current.sealKeyCheck();
    return { id, ...sealed, encryptions: this.use.numberToStore };
  }
}
