import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, rename, rm } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import type { Origin } from '../../kernel/origin.js';
import { Redacted } from '../../kernel/redacted.js';
import { DataDirectory } from '../../persistence/data-directory.js';
import { Transactions } from '../../persistence/transactions.js';
import { CipherRing } from '../crypto/cipher-ring.js';
import { DecryptionError, SecretCipher } from '../crypto/secret-cipher.js';
import { formatFile, formatValues, parseFile, parseValues } from '../file/file-format.js';
import { syncDirectoryOf, writePrivate } from '../file/secret-file.js';
import { Keyring } from '../keyring.js';
import { EXPORTED } from '../secret-actions.js';
import { SECRETS_FILE, SecretStore } from '../secret-store.js';
import { faultsOf } from './transfer-faults.js';
import { TransferError } from './transfer-error.js';

const AT_ONCE = 64;

export interface ImportOptions {
  /** Secrets that are there with another value get the file's. */
  readonly overwrite: boolean;
  /** What the file was encrypted with, where that is none of the service's keys. */
  readonly key: Redacted | null;
}

export interface Imported {
  /** Names that were set; each has its audit row. */
  readonly imported: readonly string[];
  /** Names that had that value already. */
  readonly unchanged: readonly string[];
}

/** Secrets in and out of a file in the format of `secrets.enc`. No value is on disk in plain. */
export class SecretTransfer {
  constructor(
    private readonly store: SecretStore,
    private readonly keyring: Keyring,
    private readonly transactions: Transactions,
    private readonly directory: DataDirectory,
  ) {}

  /**
   * Interrupted, it leaves some of them set; repeated, it goes on.
   * @param text the file's
   * @throws TransferError before anything is set; DomainError
   */
  async import(origin: Origin, text: string, options: ImportOptions): Promise<Imported> {
    const values = this.#open(text, options.key);
    const faults = faultsOf(values);
    if (faults.length > 0) throw new TransferError('not_importable', faults);
    const present = await this.#present([...values.keys()]);
    const changed = [...values].filter(([key, value]) => present.get(key) !== value);
    const conflicts = changed.map(([key]) => key).filter((key) => present.has(key));
    if (conflicts.length > 0 && !options.overwrite) throw new TransferError('exists', conflicts);
    for (let start = 0; start < changed.length; start += AT_ONCE) {
      const some = changed.slice(start, start + AT_ONCE);
      await Promise.all(some.map(([key, value]) => this.store.set(origin, key, value)));
    }
    const unchanged = [...values.keys()].filter((key) => present.get(key) === values.get(key));
    return { imported: changed.map(([key]) => key), unchanged };
  }

  /**
   * All secrets, under the key in use, with mode 0600. The audit row comes first.
   * @returns how many
   * @throws TransferError when the file exists, or is the store itself; DomainError
   */
  async export(origin: Origin, target: string, overwrite: boolean): Promise<number> {
    const file = resolve(target);
    if (this.store.kind === 'file' && file === this.directory.path(SECRETS_FILE)) {
      throw new TransferError('is_the_store', [file]);
    }
    if (!overwrite && existsSync(file)) throw new TransferError('file_exists', [file]);
    const keys = (await this.store.list()).map(({ key }) => key);
    const values = await this.#present(keys);
    const text = new Redacted(formatValues(values));
    const draft = `${file}.${randomBytes(4).toString('hex')}`;
    try {
      await writePrivate(draft, formatFile(this.keyring.cipher().sealFile(text)));
      await this.transactions.run(origin, (tx) => {
        const details = { secrets: values.size };
        return Promise.resolve(tx.audit({ action: EXPORTED, target: basename(file), details }));
      });
      await (overwrite ? rename(draft, file) : link(draft, file));
      await syncDirectoryOf(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new TransferError('file_exists', [file]);
    } finally {
      await rm(draft, { force: true });
    }
    return values.size;
  }

  #open(text: string, key: Redacted | null): Map<string, string> {
    const sealed = parseFile(text);
    if (sealed === null) throw new TransferError('no_secrets_file', []);
    const ring = key === null ? this.keyring.ring() : new CipherRing(new SecretCipher(key), null);
    try {
      const values = parseValues(ring.openFile(sealed).text.reveal());
      if (values === null) throw new TransferError('no_secrets_file', []);
      return values;
    } catch (error) {
      if (error instanceof DecryptionError) throw new TransferError('not_decrypted', []);
      throw error;
    }
  }

  async #present(keys: readonly string[]): Promise<Map<string, string>> {
    const present = new Map<string, string>();
    for (let start = 0; start < keys.length; start += AT_ONCE) {
      const some = await this.store.reveal(keys.slice(start, start + AT_ONCE));
      for (const [key, value] of some) present.set(key, value.reveal());
    }
    return present;
  }
}
