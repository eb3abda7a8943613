import type { SecretsStoreKind } from '../config/settings.js';
import type { Origin } from '../kernel/origin.js';
import type { Redacted } from '../kernel/redacted.js';
import type { Transaction } from '../persistence/transactions.js';

/** In the data directory: the file store's, and Risoluto 0.6's. */
export const SECRETS_FILE = 'secrets.enc';

export interface SecretSummary {
  readonly key: string;
  /** 1 when it was first set, then one more each time; `null` where nobody counted from the first. */
  readonly version: number | null;
  /** Milliseconds; `null` where nobody knows, as for a file that another program wrote. */
  readonly createdAt: number | null;
  /** Milliseconds; `null` likewise. */
  readonly updatedAt: number | null;
  /** The actor; `null` likewise. */
  readonly updatedBy: string | null;
}

/**
 * Where secrets are kept. Every method but `open` throws DomainError `secrets_locked` without a master
 * key.
 */
export abstract class SecretStore {
  abstract readonly kind: SecretsStoreKind;

  /** What keeps it from storing as it should, for readiness; `null` when nothing is known. */
  abstract readonly trouble: string | null;

  /** Tries to end the trouble, where there is one; `trouble` tells whether it did. Never rejects. */
  abstract recover(): Promise<void>;

  /**
   * Before the first use: brings it level after a crash.
   * @throws StartupError for what cannot be opened with the keys that there are
   */
  abstract open(): Promise<void>;

  /** By key; without values. */
  abstract list(): Promise<SecretSummary[]>;

  /**
   * Durable and audited when it resolves.
   * @throws DomainError `invalid_secret_key`, `invalid_secret_value`
   */
  abstract set(origin: Origin, key: string, value: unknown): Promise<void>;

  /**
   * Durable and audited when it resolves.
   * @throws DomainError `invalid_secret_key`, `secret_not_found`
   */
  abstract delete(origin: Origin, key: string): Promise<void>;

  /** Those of the keys that exist. */
  abstract existing(keys: readonly string[]): Promise<Set<string>>;

  /**
   * Those of the keys that exist with their values, all as of one moment.
   * @throws DomainError `secret_unreadable` for a stored value that does not decrypt
   */
  abstract reveal(keys: readonly string[]): Promise<Map<string, Redacted>>;

  /**
   * Seals what it keeps outside the database under the key in use, all at once with `rest`, which does
   * as a work of `Transactions` does. `kept`: how many secrets it keeps outside.
   */
  abstract reseal(
    origin: Origin,
    rest: (tx: Transaction, kept: number) => Promise<void>,
  ): Promise<void>;
}
