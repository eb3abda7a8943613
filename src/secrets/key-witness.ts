import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { isSameProof, proveKey } from './crypto/key-proof.js';
import type { Sealed } from './crypto/sealed.js';
import type { SecretCipher } from './crypto/secret-cipher.js';
import { Keyring } from './keyring.js';

/** Tells whether the key in use is the one of an earlier day, without keeping anything of it in plain. */
@Injectable()
export class KeyWitness {
  readonly #proof: string | null;

  constructor(
    { masterKey }: Settings,
    private readonly keyring: Keyring,
  ) {
    this.#proof = masterKey === null ? null : proveKey(masterKey);
  }

  get locked(): boolean {
    return this.keyring.locked;
  }

  /** A text that only the key in use recognises; fit to be stored. @throws DomainError `secrets_locked` */
  make(): string {
    return JSON.stringify(this.keyring.cipher().sealKeyCheck());
  }

  recognises(made: string): boolean {
    return !this.locked && isMadeWith(this.keyring.cipher(), made);
  }

  /** Whether the proof was made by `proveKey` from the key in use. */
  proves(proof: string): boolean {
    return this.#proof !== null && isSameProof(this.#proof, proof);
  }
}

/** Whether a text of `KeyWitness` was made with this key. */
export function isMadeWith(cipher: SecretCipher, made: string): boolean {
  try {
    return cipher.opensKeyCheck(JSON.parse(made) as Sealed);
  } catch {
    return false;
  }
}
