import type { Redacted } from '../../kernel/redacted.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Clock } from '../../kernel/clock.js';
import type { SecretVault } from '../../secrets/secret-vault.js';
import type { ConfiguredSource } from './configured-sources.js';

/** What a change of the secrets outside this process may be late by. */
const KEPT_MS = 1000;

/** The secrets of a source as they are now. */
export interface UsableSecrets {
  readonly secrets: readonly Redacted[];
  /** Stored ones that the settings name and that do not exist. */
  readonly missing: readonly string[];
  /** There may be more, but the service has no master key. */
  readonly locked: boolean;
}

/**
 * The secrets that deliveries are verified with. Stored ones are kept in memory for a second, and
 * forgotten at once when `changed` is called: a deleted secret verifies nothing any more.
 */
export class SourceSecrets {
  readonly #kept = new Map<string, { usable: UsableSecrets; until: number }>();
  #changes = 0;

  constructor(
    private readonly vault: SecretVault,
    private readonly clock: Clock,
  ) {}

  changed(): void {
    this.#changes += 1;
    this.#kept.clear();
  }

  /** @throws DomainError `secret_unreadable` and what the database throws */
  async of(source: ConfiguredSource): Promise<UsableSecrets> {
    const kept = this.#kept.get(source.id);
    if (kept !== undefined && this.clock.monotonicMs() < kept.until) return kept.usable;
    const changes = this.#changes;
    const usable = await this.#read(source);
    // What was read while it was changed may be what was there before.
    if (changes === this.#changes) {
      this.#kept.set(source.id, { usable, until: this.clock.monotonicMs() + KEPT_MS });
    }
    return usable;
  }

  async #read({ given, stored }: ConfiguredSource): Promise<UsableSecrets> {
    try {
      const values = await this.vault.revealExisting(stored);
      const missing = stored.filter((name) => !values.has(name));
      return { secrets: [...given, ...values.values()], missing, locked: false };
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'secrets_locked') throw error;
      return { secrets: given, missing: [], locked: true };
    }
  }
}
