import type { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { SYSTEM_ORIGIN, type Origin } from '../../kernel/origin.js';
import { Redacted } from '../../kernel/redacted.js';
import type { Transaction } from '../../persistence/transactions.js';
import { MOST_DRAFTS } from '../../persistence/work-scope.js';
import type { Keyring } from '../keyring.js';
import { SECRET_DELETED, SECRET_SET } from '../secret-actions.js';
import { assertSecretKey, assertSecretValue } from '../secret-name.js';
import { SecretStore, type SecretSummary } from '../secret-store.js';
import type { SecretsFileVault, Values } from './secrets-file-vault.js';
import type { SecretsFileRepository } from './secrets-file.repository.js';

const MOST_WAITING = 1024;

interface Caller {
  readonly origin: Origin;
  readonly key: string;
  /** `null`: delete it. */
  readonly value: string | null;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Secrets in `secrets.enc`, all in one ciphertext. Every change writes the whole file, so changes that
 * wait share one, as many as a transaction takes audit rows.
 */
export class FileSecretStore extends SecretStore {
  readonly kind = 'file';
  #waiting: Caller[] = [];
  #line: Promise<void> = Promise.resolve();
  #recovering: Promise<void> | null = null;

  constructor(
    private readonly vault: SecretsFileVault,
    private readonly repository: SecretsFileRepository,
    private readonly keyring: Keyring,
    private readonly clock: Clock,
  ) {
    super();
  }

  get trouble(): string | null {
    return this.vault.trouble;
  }

  /** Whoever asks meanwhile shares one attempt, so that questions do not keep changes waiting. */
  recover(): Promise<void> {
    if (this.vault.trouble === null) return Promise.resolve();
    this.#recovering ??= this.#inTurn(() => this.vault.recover())
      .catch(() => undefined)
      .finally(() => (this.#recovering = null));
    return this.#recovering;
  }

  open(): Promise<void> {
    return this.vault.open();
  }

  async list(): Promise<SecretSummary[]> {
    const keys = [...this.#values().keys()].sort();
    const known = new Map((await this.repository.entries()).map((entry) => [entry.key, entry]));
    return keys.map((key) => {
      const entry = known.get(key);
      return {
        key,
        version: entry?.version ?? null,
        createdAt: entry?.createdAt ?? null,
        updatedAt: entry?.updatedAt ?? null,
        updatedBy: entry?.updatedBy ?? null,
      };
    });
  }

  async set(origin: Origin, key: string, value: unknown): Promise<void> {
    this.keyring.cipher();
    assertSecretKey(key);
    assertSecretValue(value);
    await this.#submit(origin, key, value);
  }

  async delete(origin: Origin, key: string): Promise<void> {
    this.keyring.cipher();
    assertSecretKey(key);
    await this.#submit(origin, key, null);
  }

  existing(keys: readonly string[]): Promise<Set<string>> {
    return Promise.resolve().then(() => {
      const values = this.#values();
      return new Set(keys.filter((key) => values.has(key)));
    });
  }

  reveal(keys: readonly string[]): Promise<Map<string, Redacted>> {
    return Promise.resolve().then(() => {
      const values = this.#values();
      const found = new Map<string, Redacted>();
      for (const key of keys) {
        const value = values.get(key);
        if (value !== undefined) found.set(key, new Redacted(value));
      }
      return found;
    });
  }

  reseal(origin: Origin, rest: (tx: Transaction, kept: number) => Promise<void>): Promise<void> {
    return this.#inTurn(() =>
      this.vault.change(origin, (values) => ({ values, work: (tx) => rest(tx, values.size) })),
    );
  }

  #values(): Values {
    this.keyring.cipher();
    return this.vault.values;
  }

  #submit(origin: Origin, key: string, value: string | null): Promise<void> {
    if (this.#waiting.length >= MOST_WAITING) {
      const message = 'Too many changes are waiting for the file of secrets';
      throw new DomainError('storage_busy', message, { retryAfterSeconds: 1 });
    }
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) void this.#inTurn(() => this.#settleGroup());
      this.#waiting.push({ origin, key, value, resolve, reject });
    });
  }

  /** Works of this process on the file, one after another. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#line.then(work);
    this.#line = done.catch(() => undefined);
    return done;
  }

  /** Answers every caller of the group; never throws. */
  async #settleGroup(): Promise<void> {
    const group = this.#waiting.splice(0, MOST_DRAFTS);
    if (this.#waiting.length > 0) void this.#inTurn(() => this.#settleGroup());
    const missing = new Set<Caller>();
    try {
      await this.vault.change(SYSTEM_ORIGIN, (values) => this.#plan(group, values, missing));
      for (const caller of group) {
        if (missing.has(caller)) caller.reject(notFound());
        else caller.resolve();
      }
    } catch (error) {
      for (const caller of group) caller.reject(error);
    }
  }

  #plan(group: readonly Caller[], values: Values, missing: Set<Caller>) {
    const next = new Map(values);
    const changes: { caller: Caller; existed: boolean }[] = [];
    for (const caller of group) {
      const existed = next.has(caller.key);
      if (caller.value !== null) next.set(caller.key, caller.value);
      else if (existed) next.delete(caller.key);
      else missing.add(caller);
      if (!missing.has(caller)) changes.push({ caller, existed });
    }
    if (changes.length === 0) return null;
    const work = async (tx: Transaction) => {
      for (const { caller, existed } of changes) await this.#note(tx, caller, existed);
    };
    return { values: next, work };
  }

  async #note(tx: Transaction, { key, value, origin }: Caller, existed: boolean): Promise<void> {
    if (value === null) await this.repository.noteDeleted(tx.manager, key);
    else {
      const change = { key, existed, at: this.clock.now(), by: origin.actor };
      await this.repository.noteSet(tx.manager, change);
    }
    const action = value === null ? SECRET_DELETED : SECRET_SET;
    tx.audit({ action, target: key }, origin);
  }
}

function notFound(): DomainError {
  return new DomainError('secret_not_found', 'There is no secret of that key');
}
