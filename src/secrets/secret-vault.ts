import { Injectable } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import type { Redacted } from '../kernel/redacted.js';
import { SecretStore } from './secret-store.js';

/** Hands values to the run that names them; the only way in which a value leaves this module. */
@Injectable()
export class SecretVault {
  constructor(private readonly store: SecretStore) {}

  /**
   * The values of all the names, as of one moment.
   * @throws DomainError `secret_unknown` naming those that do not exist, `secrets_locked`,
   * `secret_unreadable`
   */
  async reveal(names: readonly string[]): Promise<Map<string, Redacted>> {
    if (names.length === 0) return new Map();
    const values = await this.store.reveal(names);
    const missing = [...new Set(names)].filter((name) => !values.has(name));
    if (missing.length === 0) return values;
    throw new DomainError('secret_unknown', 'The request names secrets that do not exist', {
      details: missing.map((name) => ({ field: 'secrets', message: `no secret is named ${name}` })),
    });
  }
}
