import type { Redacted } from '../../kernel/redacted.js';
import type { Sealed, StoredSecret } from './sealed.js';
import { DecryptionError, type SecretCipher } from './secret-cipher.js';

/** The master key and, during its change, the one before: the first seals, either opens. Never changes. */
export class CipherRing {
  constructor(
    readonly current: SecretCipher,
    readonly previous: SecretCipher | null,
  ) {}

  /** @throws DecryptionError */
  open(secret: StoredSecret): Redacted {
    return this.#openWith((cipher) => cipher.open(secret)).text;
  }

  /** @throws DecryptionError */
  openForRun(runId: string, sealed: Sealed): Redacted {
    return this.#openWith((cipher) => cipher.openForRun(runId, sealed)).text;
  }

  /** Tells as well whether it took the key before. @throws DecryptionError */
  openFile(sealed: Sealed): { text: Redacted; byPrevious: boolean } {
    return this.#openWith((cipher) => cipher.openFile(sealed));
  }

  #openWith(open: (cipher: SecretCipher) => Redacted): { text: Redacted; byPrevious: boolean } {
    try {
      return { text: open(this.current), byPrevious: false };
    } catch (error) {
      if (this.previous === null || !(error instanceof DecryptionError)) throw error;
      return { text: open(this.previous), byPrevious: true };
    }
  }
}
