import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

import { Redacted } from '../../kernel/redacted.js';
import { FORMAT_BOUND, FORMAT_UNBOUND, type Sealed, type StoredSecret } from './sealed.js';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_CHECK = 'the key that opens this opens every secret';

/** The one way in which opening fails: it does not tell a wrong key from any kind of tampering. */
export class DecryptionError extends Error {
  constructor() {
    super('cannot be decrypted');
    this.name = 'DecryptionError';
  }
}

/** AES-256-GCM under SHA-256 of the master key. */
export class SecretCipher {
  readonly #key: Buffer;

  /** @param onSealing called for each encryption under the key, whatever it is of */
  constructor(
    masterKey: Redacted,
    private readonly onSealing: () => void = () => undefined,
  ) {
    this.#key = createHash('sha256').update(masterKey.reveal(), 'utf8').digest();
  }

  seal(key: string, value: Redacted): StoredSecret {
    const sealed = this.#encrypt(value.reveal(), boundTo(key));
    return { key, format: FORMAT_BOUND, ...sealed };
  }

  /** @throws DecryptionError */
  open(secret: StoredSecret): Redacted {
    if (secret.format === FORMAT_BOUND) {
      return new Redacted(this.#decrypt(secret, boundTo(secret.key)));
    }
    if (secret.format === FORMAT_UNBOUND) return new Redacted(this.#decrypt(secret, null));
    throw new DecryptionError();
  }

  /** Values that a run has, as a text of the caller's; only the same run's name opens it. */
  sealForRun(runId: string, text: Redacted): Sealed {
    return this.#encrypt(text.reveal(), runData(runId));
  }

  /** @throws DecryptionError */
  openForRun(runId: string, sealed: Sealed): Redacted {
    return new Redacted(this.#decrypt(sealed, runData(runId)));
  }

  /** The text of a whole file of secrets, bound to nothing, as Risoluto 0.6 has it. */
  sealFile(text: Redacted): Sealed {
    return this.#encrypt(text.reveal(), null);
  }

  /** @throws DecryptionError */
  openFile(sealed: Sealed): Redacted {
    return new Redacted(this.#decrypt(sealed, null));
  }

  sealKeyCheck(): Sealed {
    return this.#encrypt(KEY_CHECK, keyCheckData());
  }

  /** Whether the check was sealed under this key. */
  opensKeyCheck(check: Sealed): boolean {
    try {
      return this.#decrypt(check, keyCheckData()) === KEY_CHECK;
    } catch {
      return false;
    }
  }

  #encrypt(plaintext: string, additionalData: Buffer | null): Sealed {
    this.onSealing();
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, iv, { authTagLength: TAG_BYTES });
    if (additionalData) cipher.setAAD(additionalData);
    const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return {
      ciphertext: ciphertext.toString('base64'),
      iv: iv.toString('base64'),
      authTag: cipher.getAuthTag().toString('base64'),
    };
  }

  #decrypt(sealed: Sealed, additionalData: Buffer | null): string {
    try {
      const iv = bytes(sealed.iv, IV_BYTES);
      const decipher = createDecipheriv(ALGORITHM, this.#key, iv, { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes(sealed.authTag, TAG_BYTES));
      if (additionalData) decipher.setAAD(additionalData);
      const plaintext = Buffer.concat([
        decipher.update(bytes(sealed.ciphertext)),
        decipher.final(),
      ]);
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plaintext);
    } catch {
      throw new DecryptionError();
    }
  }
}

function boundTo(key: string): Buffer {
  return Buffer.from(JSON.stringify(['risoluto-secret', FORMAT_BOUND, key]), 'utf8');
}

/** No secret's name leads to this text, so neither can stand for the other. */
function keyCheckData(): Buffer {
  return Buffer.from(JSON.stringify(['risoluto-key-check', 1]), 'utf8');
}

function runData(runId: string): Buffer {
  return Buffer.from(JSON.stringify(['risoluto-run-values', 1, runId]), 'utf8');
}

/** Node reads base64 leniently; here one text stands for one value, so that no character can be changed. */
function bytes(text: string, length?: number): Buffer {
  const decoded = Buffer.from(text, 'base64');
  if (decoded.toString('base64') !== text) throw new DecryptionError();
  if (length !== undefined && decoded.length !== length) throw new DecryptionError();
  return decoded;
}
