import { Injectable } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import type { Redacted } from '../kernel/redacted.js';
import { SecretStore } from './secret-store.js';

/** Hands values to the run that names them; the only way in which a value leaves this module. */
@Injectable()
export class SecretVault {
  constructor(private readonly store: SecretStore) {}

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
}

/** `field` is the one of the request that named them. */
export function unknownSecrets(names: readonly string[], field = 'secrets'): DomainError {
  return new DomainError('secret_unknown', 'The request names secrets that do not exist', {
    details: names.map((name) => ({ field, message: `no secret is named ${name}` })),
  });
}
