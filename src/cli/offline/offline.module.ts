import { Module, type DynamicModule } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { ConfigModule } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { KernelModule } from '../../kernel/kernel.module.js';
import { PersistenceModule } from '../../persistence/persistence.module.js';
import { AcknowledgementKeeper } from '../../hardening/acknowledgement-keeper.js';
import { RunValuesKeeper } from '../../runs/run-values-keeper.js';
import { RestoredRunsModule } from '../../runs/restored/restored-runs.module.js';
import { SecretsModule } from '../../secrets/secrets.module.js';

/** What may be done to a data directory without its service. */
export type OfflineTask = 'audit' | 'secrets' | 'restore';

/** What else is under the master key, for its rotation. */
const SEALED_KEEPERS = [AcknowledgementKeeper, RunValuesKeeper];

/**
 * The service's own modules, so that its lock, its transactions and its audit hold here too; without
 * HTTP, engine and dispatcher. The secrets are left out where nothing needs the master key.
 */
@Module({})
export class OfflineModule {
  static forTask(task: OfflineTask, settings: Settings): DynamicModule {
    return {
      module: OfflineModule,
      imports: [
        ConfigModule.forSettings(settings),
        KernelModule,
        PersistenceModule,
        AuditModule,
        ...(task === 'secrets' ? [SecretsModule] : []),
        ...(task === 'restore' ? [RestoredRunsModule] : []),
      ],
      providers: task === 'secrets' ? SEALED_KEEPERS : [],
    };
  }
}
