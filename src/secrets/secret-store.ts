import type { Origin } from '../kernel/origin.js';
import type { Redacted } from '../kernel/redacted.js';

export interface SecretSummary {
  readonly key: string;
  /** 1 when it was first set, then one more each time. */
  readonly version: number;
  /** Milliseconds. */
  readonly createdAt: number;
  /** Milliseconds. */
  readonly updatedAt: number;
  /** The actor. */
  readonly updatedBy: string;
}

/** Where secrets are kept. Every method throws DomainError `secrets_locked` without a master key. */
export abstract class SecretStore {
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
}
