import { existsSync } from 'node:fs';

import { Injectable, Logger } from '@nestjs/common';

import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { DataDirectory } from '../persistence/data-directory.js';
import { Transactions } from '../persistence/transactions.js';
import { KeyChecksRepository } from './key-checks.repository.js';
import { Keyring } from './keyring.js';
import { SECRETS_FILE, SecretStore } from './secret-store.js';
import { SecretsRepository } from './secrets.repository.js';

/** What has to be right before the first secret is read. */
@Injectable()
export class SecretsStartup {
  readonly #logger = new Logger('Secrets');

  constructor(
    private readonly keyring: Keyring,
    private readonly store: SecretStore,
    private readonly secrets: SecretsRepository,
    private readonly checks: KeyChecksRepository,
    private readonly transactions: Transactions,
    private readonly directory: DataDirectory,
  ) {}

  /** @throws StartupError for a wrong master key, or a file that cannot be read with it */
  async begin(): Promise<void> {
    const check = await this.keyring.verify();
    if (check !== null) {
      await this.transactions.run(SYSTEM_ORIGIN, (tx) => this.checks.put(tx.manager, check));
      this.keyring.noteCheckStored(check);
    }
    await this.store.open();
    await this.#warnOfOtherStore();
  }

  async #warnOfOtherStore(): Promise<void> {
    if (this.keyring.locked || (await this.store.list()).length > 0) return;
    const file = existsSync(this.directory.path(SECRETS_FILE));
    if (this.store.kind === 'database' && file) {
      this.#logger.warn(
        'secrets.enc in DATA_DIR is not in use: start with RISOLUTO_SECRETS_STORE=file to use it, or take its secrets over with risoluto secrets import',
      );
    }
    if (this.store.kind === 'file' && (await this.secrets.hasAny())) {
      this.#logger.warn(
        'the database holds secrets that are not in use: start with RISOLUTO_SECRETS_STORE=database to use them, or to write them to a file with risoluto secrets export',
      );
    }
  }
}
