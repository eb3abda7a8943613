import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';

import { migrations } from '../../migrations/index.js';
import { Settings } from '../config/settings.js';
import { Clock } from '../kernel/clock.js';
import { ReadinessProbes } from '../kernel/readiness.js';
import { StorageTimings } from '../kernel/storage-timings.js';
import { BelievedTime } from './believed-time.js';
import { CommitHooks } from './commit-hooks.js';
import { DataDirectory } from './data-directory.js';
import { DatabaseProbe } from './database-probe.js';
import { Database } from './database.js';
import { GroupCommit } from './group-commit.js';
import { ReadSource } from './read-source.js';
import { RetentionClock } from './retention-clock.repository.js';
import { Transactions } from './transactions.js';

const logger = new Logger('Persistence');

function logHookError(error: unknown): void {
  logger.error('a committed change could not be noted outside the database', error);
}

/** Opens the database before any module that uses it exists. Does not export what could write past `Transactions`. */
@Global()
@Module({
  providers: [
    BelievedTime,
    CommitHooks,
    RetentionClock,
    {
      provide: DataDirectory,
      inject: [Settings],
      useFactory: (settings: Settings) => DataDirectory.open(settings.paths.dataDir),
    },
    {
      provide: Database,
      inject: [DataDirectory, StorageTimings],
      useFactory: (directory: DataDirectory, timings: StorageTimings) =>
        Database.open(directory, migrations, timings),
    },
    {
      provide: GroupCommit,
      inject: [Database, CommitHooks, StorageTimings],
      useFactory: (database: Database, hooks: CommitHooks, timings: StorageTimings) =>
        new GroupCommit(database.writing, hooks, logHookError, undefined, timings),
    },
    { provide: Transactions, useExisting: GroupCommit },
    {
      provide: ReadSource,
      inject: [Database],
      useFactory: (database: Database): ReadSource => ({ manager: database.readManager }),
    },
  ],
  exports: [BelievedTime, CommitHooks, DataDirectory, ReadSource, Transactions],
})
export class PersistenceModule implements OnApplicationShutdown {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(GroupCommit) private readonly groupCommit: GroupCommit,
    @Inject(Clock) clock: Clock,
    @Inject(ReadinessProbes) probes: ReadinessProbes,
  ) {
    probes.register(new DatabaseProbe(database.file, groupCommit, clock));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.groupCommit.close();
    await this.database.close();
  }
}
