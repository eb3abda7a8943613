import { Injectable } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import { Redacted } from '../kernel/redacted.js';
import type { Sealed } from './crypto/sealed.js';
import { DecryptionError } from './crypto/secret-cipher.js';
import { Keyring } from './keyring.js';
import { SecretStore } from './secret-store.js';

/** Hands values to what names them, a run or a setting; the only way in which a value leaves this module. */
@Injectable()
export class SecretVault {
  constructor(
    private readonly store: SecretStore,
    private readonly keyring: Keyring,
  ) {}

  /**
   * Those of the names that no secret has; no value is decrypted.
   * @throws DomainError `secrets_locked`
   */
  async missing(names: readonly string[]): Promise<string[]> {
    if (names.length === 0) return [];
    const existing = await this.store.existing(names);
    return [...new Set(names)].filter((name) => !existing.has(name));
  }

  /**
   * The values of all the names, as of one moment.
   * @throws DomainError `secret_unknown` naming those that do not exist, `secrets_locked`,
   * `secret_unreadable`
   */
  async reveal(names: readonly string[]): Promise<Map<string, Redacted>> {
    if (names.length === 0) return new Map();
    const values = await this.store.reveal(names);
    const missing = [...new Set(names)].filter((name) => !values.has(name));
    if (missing.length > 0) throw unknownSecrets(missing);
    return values;
  }

  /**
   * The values of those of the names that exist, as of one moment.
   * @throws DomainError `secrets_locked`, `secret_unreadable`
   */
  async revealExisting(names: readonly string[]): Promise<Map<string, Redacted>> {
    return names.length === 0 ? new Map() : this.store.reveal(names);
  }

  /**
   * Values that a run was given, for `openForRun` of the same run; they outlive the secrets.
   * @throws DomainError `secrets_locked`
   */
  sealForRun(runId: string, values: readonly string[]): string {
    const text = new Redacted(JSON.stringify(values));
    return JSON.stringify(this.keyring.cipher().sealForRun(runId, text));
  }

  /** @throws DomainError `secrets_locked`, `secret_unreadable` */
  openForRun(runId: string, sealed: string): string[] {
    const ring = this.keyring.ring();
    try {
      const text = ring.openForRun(runId, JSON.parse(sealed) as Sealed);
      return JSON.parse(text.reveal()) as string[];
    } catch (error) {
      if (!(error instanceof DecryptionError)) throw error;
      throw new DomainError('secret_unreadable', 'The values of a run cannot be decrypted');
    }
  }
}

/** `field` is the one of the request that named them. */
export function unknownSecrets(names: readonly string[], field = 'secrets'): DomainError {
  return new DomainError('secret_unknown', 'The request names secrets that do not exist', {
    details: names.map((name) => ({ field, message: `no secret is named ${name}` })),
  });
}
