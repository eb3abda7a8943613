import { DomainError } from '../../kernel/domain-error.js';
import { SYSTEM_ORIGIN, type Origin } from '../../kernel/origin.js';
import { Redacted } from '../../kernel/redacted.js';
import { StartupError } from '../../kernel/startup-error.js';
import type { Transaction, Transactions } from '../../persistence/transactions.js';
import { DecryptionError } from '../crypto/secret-cipher.js';
import type { KeyChecksRepository } from '../key-checks.repository.js';
import type { Keyring } from '../keyring.js';
import { FILE_ADOPTED } from '../secret-actions.js';
import { formatFile, formatValues, parseFile, parseValues } from './file-format.js';
import { judgeFile } from './file-verdict.js';
import { digestOf, type SecretFile } from './secret-file.js';
import type { SecretsFileRepository } from './secrets-file.repository.js';

export type Values = ReadonlyMap<string, string>;

/** All values after a change, and what commits with them. */
export interface FileChange {
  readonly values: Values;
  /** As a work of `Transactions`. */
  work(tx: Transaction): Promise<void>;
}

/**
 * `secrets.enc` and the transaction that stands for it. A change writes the new file beside the old
 * one, commits its digest with the audit rows, and puts it in place. What a crash leaves is told by the
 * digests: before the commit the change never was; after it the new file takes its place at the next
 * start. One change at a time, which the caller sees to.
 */
export class SecretsFileVault {
  #values: Values | null = null;
  #committed: string | null = null;
  /** The file is known to be the committed one, unless another program writes it. */
  #level = false;
  #trouble: string | null = null;

  constructor(
    private readonly file: SecretFile,
    private readonly repository: SecretsFileRepository,
    private readonly checks: KeyChecksRepository,
    private readonly transactions: Transactions,
    private readonly keyring: Keyring,
  ) {}

  get trouble(): string | null {
    return this.#trouble;
  }

  /** @throws DomainError `storage_unavailable` where nobody could read the file so far */
  get values(): Values {
    if (this.#values) return this.#values;
    throw unavailable(new Error('the file of secrets was not read'));
  }

  /**
   * Brings the file level with the database and reads it. What another program made of it is taken
   * over, with an audit row.
   * @throws StartupError
   */
  async open(): Promise<void> {
    this.#level = false;
    await this.file.closeToOthers();
    const { committed, before } = await this.repository.committed();
    const digests = { file: await this.file.digest(), next: await this.file.digestOfNext() };
    this.#committed = committed;
    const verdict = judgeFile({ committed, before, ...digests });
    if (verdict === 'missing') throw new StartupError(MISSING);
    if (verdict === 'conflict') throw new StartupError(CONFLICT);
    if (verdict === 'promote') await this.file.promote();
    else if (digests.next !== null) await this.file.discardNext();
    if (this.keyring.locked) return;
    if (verdict === 'adopt') await this.#adopt();
    else this.#values = await this.#read();
    this.#level = true;
    this.#trouble = null;
  }

  /**
   * Durable when it resolves. `plan` gets the values as they are, and answers `null` for no change.
   * @throws DomainError `storage_unavailable` when the file or the database cannot be written
   */
  async change(origin: Origin, plan: (values: Values) => FileChange | null): Promise<void> {
    const cipher = this.keyring.cipher();
    await this.#beLevel();
    const change = plan(this.values);
    if (change === null) return;
    const text = formatFile(cipher.sealFile(new Redacted(formatValues(change.values))));
    const check = this.keyring.checkToStore();
    const before = this.#committed;
    const digest = digestOf(text);
    this.#level = false;
    await this.#prepare(text);
    await this.transactions.run(origin, async (tx) => {
      if (check) await this.checks.put(tx.manager, check);
      await this.repository.commit(tx.manager, digest, before);
      await change.work(tx);
    });
    this.keyring.noteCheckStored(check);
    this.#values = change.values;
    this.#committed = digest;
    await this.#promote();
  }

  /** @throws DomainError `storage_unavailable` while the trouble goes on */
  async recover(): Promise<void> {
    await this.#beLevel();
    this.#trouble = null;
  }

  /** After a failure whose end is not known, and when another program wrote the file. */
  async #beLevel(): Promise<void> {
    try {
      if (this.#level && (await this.file.digest()) === this.#committed) return;
      await this.open();
    } catch (error) {
      this.#trouble = `secrets.enc cannot be used: ${(error as Error).message}`;
      throw unavailable(error);
    }
  }

  async #prepare(text: string): Promise<void> {
    try {
      await this.file.prepare(text);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** What is committed stands, whether it is in place or waits beside: the next change tries again. */
  async #promote(): Promise<void> {
    try {
      await this.file.promote();
      this.#level = true;
      this.#trouble = null;
    } catch (error) {
      this.#trouble = `secrets.enc cannot be put in place: ${(error as Error).message}`;
    }
  }

  async #adopt(): Promise<void> {
    const text = (await this.file.read()) ?? '';
    const { values, byPrevious } = this.#openText(text);
    const check = byPrevious ? null : this.keyring.checkToStore();
    const digest = digestOf(text);
    await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      if (check) await this.checks.put(tx.manager, check);
      await this.repository.forgetEntries(tx.manager);
      await this.repository.commit(tx.manager, digest, this.#committed);
      const details = { secrets: values.size };
      tx.audit({ action: FILE_ADOPTED, target: 'secrets.enc', details });
    });
    this.keyring.noteCheckStored(check);
    this.#committed = digest;
    this.#values = values;
  }

  async #read(): Promise<Values> {
    const text = await this.file.read();
    return text === null ? new Map() : this.#openText(text).values;
  }

  #openText(text: string): { values: Values; byPrevious: boolean } {
    const sealed = parseFile(text);
    if (sealed === null) throw new StartupError(NO_SUCH_FILE);
    try {
      const opened = this.keyring.ring().openFile(sealed);
      const values = parseValues(opened.text.reveal());
      if (values === null) throw new StartupError(NO_SUCH_FILE);
      if (opened.byPrevious) this.keyring.noteUnderPrevious();
      return { values, byPrevious: opened.byPrevious };
    } catch (error) {
      if (error instanceof DecryptionError) throw new StartupError(NOT_OPENED);
      throw error;
    }
  }
}

const NO_SUCH_FILE =
  'secrets.enc in DATA_DIR is no file of secrets: restore it from a backup, or move it away to another place and start with RISOLUTO_SECRETS_STORE=database';
const NOT_OPENED =
  'secrets.enc in DATA_DIR cannot be decrypted: it was encrypted with another key than MASTER_KEY (then set that one as MASTER_KEY_PREVIOUS), or is damaged (then restore it from a backup)';
const MISSING =
  'secrets.enc is gone from DATA_DIR: restore it from a backup, or start with RISOLUTO_SECRETS_STORE=database';
const CONFLICT =
  'secrets.enc in DATA_DIR was written by another program before a change of ours was put in place: remove secrets.enc.next to keep what that program wrote, or move it over secrets.enc to keep the change';

function unavailable(cause: unknown): DomainError {
  return new DomainError(
    'storage_unavailable',
    'The file of secrets cannot be used at the moment',
    {
      cause,
      retryAfterSeconds: 5,
    },
  );
}
