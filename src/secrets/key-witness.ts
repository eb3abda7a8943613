import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { DomainError } from '../kernel/domain-error.js';
import { isSameProof, proveKey } from './crypto/key-proof.js';
import type { Sealed } from './crypto/sealed.js';
import { SecretCipher } from './crypto/secret-cipher.js';

/** Tells whether the key in use is the one of an earlier day, without keeping anything of it in plain. */
@Injectable()
export class KeyWitness {
  readonly #cipher: SecretCipher | null;
  readonly #proof: string | null;

  constructor({ masterKey }: Settings) {
    this.#cipher = masterKey === null ? null : new SecretCipher(masterKey);
    this.#proof = masterKey === null ? null : proveKey(masterKey);
  }

  get locked(): boolean {
    return this.#cipher === null;
  }

  /** A text that only the key in use recognises; fit to be stored. @throws DomainError `secrets_locked` */
  make(): string {
    if (this.#cipher) return JSON.stringify(this.#cipher.sealKeyCheck());
    throw new DomainError(
      'secrets_locked',
      'The service was started without its master key: set MASTER_KEY or MASTER_KEY_FILE',
    );
  }

  recognises(made: string): boolean {
    if (!this.#cipher) return false;
    try {
      return this.#cipher.opensKeyCheck(JSON.parse(made) as Sealed);
    } catch {
      return false;
    }
  }

  /** Whether the proof was made by `proveKey` from the key in use. */
  proves(proof: string): boolean {
    return this.#proof !== null && isSameProof(this.#proof, proof);
  }
}
