import { Inject, Module, type OnModuleInit } from '@nestjs/common';

import { AuditFeed } from '../audit/audit-feed.js';
import { AuditLog } from '../audit/audit-log.js';
import { AuditModule } from '../audit/audit.module.js';
import { Settings } from '../config/settings.js';
import { Clock } from '../kernel/clock.js';
import { DataDirectory } from '../persistence/data-directory.js';
import { Transactions } from '../persistence/transactions.js';
import { DatabaseSecretStore } from './database-secret-store.js';
import { FileSecretStore } from './file/file-secret-store.js';
import { SecretFile } from './file/secret-file.js';
import { SecretsFileVault } from './file/secrets-file-vault.js';
import { SecretsFileRepository } from './file/secrets-file.repository.js';
import { KeyChecksRepository } from './key-checks.repository.js';
import { KeyRotation } from './key-rotation.js';
import { KeyUse } from './key-use.js';
import { KeyWitness } from './key-witness.js';
import { Keyring } from './keyring.js';
import { SecretLog } from './log/secret-log.js';
import { MasterKeyController } from './master-key.controller.js';
import { SealedKeepers } from './sealed-keepers.js';
import { SECRETS_FILE, SecretStore } from './secret-store.js';
import { SecretVault } from './secret-vault.js';
import { SecretsController } from './secrets.controller.js';
import { SecretsReports } from './secrets-reports.js';
import { SecretsRepository } from './secrets.repository.js';
import { SecretsStartup } from './secrets-startup.js';
import { SecretTransfer } from './transfer/secret-transfer.js';

@Module({
  imports: [AuditModule],
  controllers: [SecretsController, MasterKeyController],
  providers: [
    DatabaseSecretStore,
    KeyChecksRepository,
    KeyRotation,
    KeyUse,
    KeyWitness,
    Keyring,
    SealedKeepers,
    SecretVault,
    SecretsFileRepository,
    SecretsReports,
    SecretsRepository,
    SecretsStartup,
    {
      provide: SecretsFileVault,
      inject: [DataDirectory, SecretsFileRepository, KeyChecksRepository, Transactions, Keyring],
      useFactory: (
        directory: DataDirectory,
        repository: SecretsFileRepository,
        checks: KeyChecksRepository,
        transactions: Transactions,
        keyring: Keyring,
      ) => {
        const file = new SecretFile(directory.path(SECRETS_FILE));
        return new SecretsFileVault(file, repository, checks, transactions, keyring);
      },
    },
    {
      provide: FileSecretStore,
      inject: [SecretsFileVault, SecretsFileRepository, Keyring, Clock],
      useFactory: (
        vault: SecretsFileVault,
        repository: SecretsFileRepository,
        keyring: Keyring,
        clock: Clock,
      ) => new FileSecretStore(vault, repository, keyring, clock),
    },
    {
      provide: SecretStore,
      inject: [Settings, DatabaseSecretStore, FileSecretStore],
      useFactory: (settings: Settings, database: DatabaseSecretStore, file: FileSecretStore) =>
        settings.secretsStore === 'file' ? file : database,
    },
    {
      provide: SecretTransfer,
      inject: [SecretStore, Keyring, Transactions, DataDirectory],
      useFactory: (
        store: SecretStore,
        keyring: Keyring,
        transactions: Transactions,
        directory: DataDirectory,
      ) => new SecretTransfer(store, keyring, transactions, directory),
    },
    {
      provide: SecretLog,
      inject: [DataDirectory, AuditLog],
      useFactory: (directory: DataDirectory, audit: AuditLog) =>
        new SecretLog(directory.path('secrets.audit.log'), audit),
    },
  ],
  exports: [KeyUse, KeyWitness, Keyring, SealedKeepers, SecretVault],
})
export class SecretsModule implements OnModuleInit {
  constructor(
    @Inject(SecretsStartup) private readonly startup: SecretsStartup,
    @Inject(SecretsReports) private readonly reports: SecretsReports,
    @Inject(SecretLog) private readonly log: SecretLog,
    @Inject(AuditFeed) private readonly feed: AuditFeed,
  ) {}

  /** @throws StartupError for a wrong master key. */
  async onModuleInit(): Promise<void> {
    await this.log.level();
    this.feed.subscribe((rows) => this.log.append(rows));
    await this.startup.begin();
    this.reports.register();
  }
}
