import { AuditLog } from '../../src/audit/audit-log.js';
import type { Settings } from '../../src/config/settings.js';
import { SystemClock } from '../../src/kernel/clock.js';
import { Redacted } from '../../src/kernel/redacted.js';
import { DatabaseSecretStore } from '../../src/secrets/database-secret-store.js';
import { Keyring } from '../../src/secrets/keyring.js';
import { SecretLog } from '../../src/secrets/log/secret-log.js';
import { SecretVault } from '../../src/secrets/secret-vault.js';
import { SecretsRepository } from '../../src/secrets/secrets.repository.js';
import { openAuditedDatabase, type AuditedDatabase } from './audited-database.js';

export interface SecretDatabase {
  readonly db: AuditedDatabase;
  readonly store: DatabaseSecretStore;
  readonly vault: SecretVault;
  readonly keyring: Keyring;
  readonly secretLog: SecretLog;
  readonly logFile: string;
}

export const TEST_MASTER_KEY = 'a master key of the tests';

/**
 * The database store over a real database with its audit and log, started as `SecretsModule` starts
 * it: a wrong key throws.
 */
export async function openSecretDatabase(
  options: { root?: string; masterKey?: string | null } = {},
): Promise<SecretDatabase> {
  const { root, masterKey = TEST_MASTER_KEY } = options;
  const db = await openAuditedDatabase(root === undefined ? {} : { root });
  try {
    const repository = new SecretsRepository(db.read);
    const settings = { masterKey: masterKey === null ? null : new Redacted(masterKey) } as Settings;
    const keyring = new Keyring(settings, repository);
    await keyring.verify();
    const store = new DatabaseSecretStore(repository, db.transactions, keyring, new SystemClock());
    const logFile = db.directory.path('secrets.audit.log');
    const secretLog = new SecretLog(logFile, db.log satisfies AuditLog);
    await secretLog.level();
    db.feed.subscribe((rows) => secretLog.append(rows));
    return { db, store, vault: new SecretVault(store, keyring), keyring, secretLog, logFile };
  } catch (error) {
    await db.close();
    throw error;
  }
}
