import 'reflect-metadata';

import { userInfo } from 'node:os';

import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { AuditLog } from '../../audit/audit-log.js';
import { AuditVerifier } from '../../audit/audit-verifier.js';
import { loadSettings } from '../../config/load-settings.js';
import type { Origin } from '../../kernel/origin.js';
import { KeyRotation } from '../../secrets/key-rotation.js';
import { Transactions } from '../../persistence/transactions.js';
import { RestoredRuns } from '../../runs/restored/restored-runs.js';
import { SecretStore } from '../../secrets/secret-store.js';
import { SecretTransfer } from '../../secrets/transfer/secret-transfer.js';
import { assertExisting } from './existing-data-directory.js';
import { OfflineLogger } from './offline-logger.js';
import { OfflineModule, type OfflineTask } from './offline.module.js';

/** A data directory whose service is down, held against every other process while it is open. */
export class OfflineDirectory {
  private constructor(
    /** Absolute. */
    readonly path: string,
    private readonly context: INestApplicationContext,
  ) {}

  /**
   * The directory of a service with this environment. Brings it level after a crash and migrates it,
   * as a start of the service would.
   *
   * @throws ConfigurationError, DataDirectoryInUse, StartupError
   */
  static async open(
    environment: NodeJS.ProcessEnv,
    task: OfflineTask,
    note: (text: string) => void,
  ): Promise<OfflineDirectory> {
    const settings = loadSettings(environment);
    await assertExisting(settings.paths.dataDir);
    const module = OfflineModule.forTask(task, settings);
    const options = { abortOnError: false, logger: new OfflineLogger(note) };
    const context = await NestFactory.createApplicationContext(module, options);
    return new OfflineDirectory(settings.paths.dataDir, context);
  }

  /** Whoever it is that runs this process: no token proved more. */
  get origin(): Origin {
    return { actor: `cli:${userName()}`, requestId: null };
  }

  get secrets(): SecretStore {
    return this.context.get(SecretStore);
  }

  get keyRotation(): KeyRotation {
    return this.context.get(KeyRotation);
  }

  get secretTransfer(): SecretTransfer {
    return this.context.get(SecretTransfer);
  }

  get restoredRuns(): RestoredRuns {
    return this.context.get(RestoredRuns);
  }

  get transactions(): Transactions {
    return this.context.get(Transactions);
  }

  get auditLog(): AuditLog {
    return this.context.get(AuditLog);
  }

  get auditVerifier(): AuditVerifier {
    return this.context.get(AuditVerifier);
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.geteuid?.() ?? 'unknown'}`;
  }
}
