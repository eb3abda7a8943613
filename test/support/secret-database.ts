import { AuditLog } from '../../src/audit/audit-log.js';
import type { SecretsStoreKind, Settings } from '../../src/config/settings.js';
import { SystemClock } from '../../src/kernel/clock.js';
import { Redacted } from '../../src/kernel/redacted.js';
import { DatabaseSecretStore } from '../../src/secrets/database-secret-store.js';
import { FileSecretStore } from '../../src/secrets/file/file-secret-store.js';
import { SecretFile } from '../../src/secrets/file/secret-file.js';
import { SecretsFileVault } from '../../src/secrets/file/secrets-file-vault.js';
import { SecretsFileRepository } from '../../src/secrets/file/secrets-file.repository.js';
import { KeyChecksRepository } from '../../src/secrets/key-checks.repository.js';
import { KeyRotation } from '../../src/secrets/key-rotation.js';
import { KeyUse } from '../../src/secrets/key-use.js';
import { Keyring } from '../../src/secrets/keyring.js';
import { SecretLog } from '../../src/secrets/log/secret-log.js';
import { SealedKeepers } from '../../src/secrets/sealed-keepers.js';
import { SECRETS_FILE, type SecretStore } from '../../src/secrets/secret-store.js';
import { SecretVault } from '../../src/secrets/secret-vault.js';
import { SecretsStartup } from '../../src/secrets/secrets-startup.js';
import { SecretsRepository } from '../../src/secrets/secrets.repository.js';
import { SecretTransfer } from '../../src/secrets/transfer/secret-transfer.js';
import { openAuditedDatabase, type AuditedDatabase } from './audited-database.js';

export interface SecretDatabase {
  readonly db: AuditedDatabase;
  readonly store: SecretStore;
  readonly vault: SecretVault;
  readonly keyring: Keyring;
  readonly keyUse: KeyUse;
  readonly rotation: KeyRotation;
  readonly keepers: SealedKeepers;
  readonly transfer: SecretTransfer;
  readonly secretLog: SecretLog;
  readonly logFile: string;
  /** Of the file store. */
  readonly secretsFile: string;
}

export interface SecretDatabaseOptions {
  root?: string;
  masterKey?: string | null;
  previousMasterKey?: string | null;
  kind?: SecretsStoreKind;
}

export const TEST_MASTER_KEY = 'a master key of the tests';

/**
 * A store over a real database with its audit and log, started as `SecretsModule` starts it: a wrong
 * key throws.
 */
export async function openSecretDatabase(
  options: SecretDatabaseOptions = {},
): Promise<SecretDatabase> {
  const { root } = options;
  const db = await openAuditedDatabase(root === undefined ? {} : { root });
  try {
    return await withSecrets(db, options);
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function withSecrets(
  db: AuditedDatabase,
  options: SecretDatabaseOptions,
): Promise<SecretDatabase> {
  const { masterKey = TEST_MASTER_KEY, previousMasterKey = null, kind = 'database' } = options;
  const { directory, transactions } = db;
  const settings = {
    masterKey: masterKey === null ? null : new Redacted(masterKey),
    previousMasterKey: previousMasterKey === null ? null : new Redacted(previousMasterKey),
  } as Settings;
  const repository = new SecretsRepository(db.read);
  const checks = new KeyChecksRepository(db.read);
  const keyUse = new KeyUse(checks, transactions);
  const keyring = new Keyring(settings, repository, checks, keyUse);
  const secretsFile = directory.path(SECRETS_FILE);
  const clock = new SystemClock();
  const ofFile = () => {
    const entries = new SecretsFileRepository(db.read);
    const file = new SecretFile(secretsFile);
    const fileVault = new SecretsFileVault(file, entries, checks, transactions, keyring);
    return new FileSecretStore(fileVault, entries, keyring, clock);
  };
  const store =
    kind === 'file'
      ? ofFile()
      : new DatabaseSecretStore(repository, checks, transactions, keyring, clock);
  const logFile = directory.path('secrets.audit.log');
  const secretLog = new SecretLog(logFile, db.log satisfies AuditLog);
  await secretLog.level();
  db.feed.subscribe((rows) => secretLog.append(rows));
  await new SecretsStartup(keyring, store, repository, checks, transactions, directory).begin();
  const keepers = new SealedKeepers();
  return {
    db,
    store,
    vault: new SecretVault(store, keyring),
    keyring,
    keyUse,
    rotation: new KeyRotation(store, keyring, repository, checks, keepers),
    keepers,
    transfer: new SecretTransfer(store, keyring, transactions, directory),
    secretLog,
    logFile,
    secretsFile,
  };
}
