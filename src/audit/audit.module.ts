import { existsSync } from 'node:fs';

import { Inject, Module } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { ReadinessProbes } from '../kernel/readiness.js';
import { RetentionTasks } from '../kernel/retention.js';
import { CommitHooks } from '../persistence/commit-hooks.js';
import { DataDirectory } from '../persistence/data-directory.js';
import { AuditAnchor } from './audit-anchor.js';
import { AuditFeed } from './audit-feed.js';
import { AuditKey, loadAuditKey } from './audit-key.js';
import { AuditLog } from './audit-log.js';
import { AuditTrail } from './audit-trail.js';
import { AuditVerifier } from './audit-verifier.js';
import { AuditController } from './audit.controller.js';
import { AuditRepository } from './audit.repository.js';
import { BreakClassifier } from './break-classifier.js';
import { ExpiredAuditRows } from './expired-audit-rows.js';
import { FileAuditAnchor } from './file-audit-anchor.js';
import { TrailBeginning } from './trail-beginning.js';

const ANCHOR_FILE = 'audit.head';

@Module({
  controllers: [AuditController],
  providers: [
    AuditFeed,
    AuditLog,
    AuditRepository,
    AuditVerifier,
    BreakClassifier,
    ExpiredAuditRows,
    TrailBeginning,
    {
      provide: AuditKey,
      inject: [DataDirectory, AuditRepository],
      useFactory: async (directory: DataDirectory, repository: AuditRepository) => {
        const { seq } = await repository.head();
        return loadAuditKey(directory, seq > 0 || existsSync(directory.path(ANCHOR_FILE)));
      },
    },
    {
      provide: AuditAnchor,
      inject: [DataDirectory, AuditKey],
      useFactory: (directory: DataDirectory, key: AuditKey) =>
        new FileAuditAnchor(directory.path(ANCHOR_FILE), key, () => directory.sync()),
    },
    {
      // Made and opened before any module's `onModuleInit`, which may already write.
      provide: AuditTrail,
      inject: [AuditRepository, AuditKey, AuditAnchor, AuditFeed, Clock, CommitHooks],
      useFactory: openTrail,
    },
  ],
  exports: [AuditFeed, AuditLog],
})
export class AuditModule {
  constructor(
    @Inject(AuditTrail) trail: AuditTrail,
    @Inject(ReadinessProbes) probes: ReadinessProbes,
    @Inject(RetentionTasks) tasks: RetentionTasks,
    @Inject(ExpiredAuditRows) expired: ExpiredAuditRows,
  ) {
    tasks.register(expired);
    probes.register({
      name: 'audit',
      check: () => {
        const reason = trail.trouble;
        return Promise.resolve(reason === null ? { status: 'ok' } : { status: 'degraded', reason });
      },
    });
  }
}

async function openTrail(
  repository: AuditRepository,
  key: AuditKey,
  anchor: AuditAnchor,
  feed: AuditFeed,
  clock: Clock,
  hooks: CommitHooks,
): Promise<AuditTrail> {
  const trail = new AuditTrail(repository, key, anchor, feed, clock);
  await trail.open();
  hooks.register(trail);
  return trail;
}
