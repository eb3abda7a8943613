import { Inject, Module, type OnModuleInit } from '@nestjs/common';

import { AuditFeed } from '../audit/audit-feed.js';
import { AuditLog } from '../audit/audit-log.js';
import { AuditModule } from '../audit/audit.module.js';
import { ReadinessProbes, type Readiness } from '../kernel/readiness.js';
import { RuntimeFacts } from '../kernel/runtime-facts.js';
import { DataDirectory } from '../persistence/data-directory.js';
import { DatabaseSecretStore } from './database-secret-store.js';
import { KeyWitness } from './key-witness.js';
import { Keyring } from './keyring.js';
import { SecretLog } from './log/secret-log.js';
import { SecretStore } from './secret-store.js';
import { SecretVault } from './secret-vault.js';
import { SecretsController } from './secrets.controller.js';
import { SecretsRepository } from './secrets.repository.js';

@Module({
  imports: [AuditModule],
  controllers: [SecretsController],
  providers: [
    KeyWitness,
    Keyring,
    SecretVault,
    SecretsRepository,
    { provide: SecretStore, useClass: DatabaseSecretStore },
    {
      provide: SecretLog,
      inject: [DataDirectory, AuditLog],
      useFactory: (directory: DataDirectory, audit: AuditLog) =>
        new SecretLog(directory.path('secrets.audit.log'), audit),
    },
  ],
  exports: [KeyWitness, SecretVault],
})
export class SecretsModule implements OnModuleInit {
  constructor(
    @Inject(Keyring) private readonly keyring: Keyring,
    @Inject(SecretLog) private readonly log: SecretLog,
    @Inject(AuditFeed) private readonly feed: AuditFeed,
    @Inject(ReadinessProbes) private readonly probes: ReadinessProbes,
    @Inject(RuntimeFacts) private readonly facts: RuntimeFacts,
  ) {}

  /** @throws StartupError for a wrong master key. */
  async onModuleInit(): Promise<void> {
    await this.keyring.verify();
    await this.log.level();
    this.feed.subscribe((rows) => this.log.append(rows));
    this.probes.register({ name: 'secrets', check: () => Promise.resolve(this.#readiness()) });
    this.facts.register({
      name: 'secrets',
      describe: () => ({ store: 'database', locked: this.keyring.locked }),
    });
  }

  #readiness(): Readiness {
    if (!this.keyring.locked) return { status: 'ok' };
    return {
      status: 'degraded',
      reason: 'secrets are locked: set MASTER_KEY or MASTER_KEY_FILE and restart',
    };
  }
}
