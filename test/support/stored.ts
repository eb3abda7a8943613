import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import sqlite3 from 'sqlite3';
import { expect } from 'vitest';

import { Redacted } from '../../src/kernel/redacted.js';
import { SecretCipher } from '../../src/secrets/crypto/secret-cipher.js';

/** Committed rows of the database in a data directory, read beside whoever has it open. */
export function queryStored<T>(dataDir: string, sql: string): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(join(dataDir, 'risoluto.db'), sqlite3.OPEN_READONLY);
    database.all(sql, (error, rows) => {
      database.close(() => (error ? reject(error) : resolve(rows as T[])));
    });
  });
}

/** Every secret's value, as only the holder of the master key can read it. */
export async function storedValues(
  dataDir: string,
  masterKey: string,
): Promise<Map<string, string>> {
  const rows = await queryStored<{
    key: string;
    ciphertext: string;
    iv: string;
    authTag: string;
    format: number;
  }>(
    dataDir,
    'SELECT key, ciphertext, iv, auth_tag AS authTag, format FROM encrypted_secrets ORDER BY key',
  );
  const cipher = new SecretCipher(new Redacted(masterKey));
  return new Map(rows.map((row) => [row.key, cipher.open(row).reveal()]));
}

/**
 * `secrets.audit.log` has one line for each audit row of a set or delete, in order, from the row
 * `firstSeq` on; the lines of rows that aged out stay.
 */
export async function expectLogLevel(dataDir: string, firstSeq = 1): Promise<void> {
  const rows = await queryStored<{ seq: number; hash: string; target: string; action: string }>(
    dataDir,
    "SELECT seq, hash, target, action FROM audit_rows WHERE action LIKE 'secret.%' ORDER BY seq",
  );
  const lines = readFileSync(join(dataDir, 'secrets.audit.log'), 'utf8').trimEnd().split('\n');
  const logged = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ sequence }) => Number(sequence) >= firstSeq);
  expect(
    logged.map(({ sequence, hash, key, operation }) => [sequence, hash, key, operation]),
  ).toEqual(
    rows.map(({ seq, hash, target, action }) => [
      seq,
      hash,
      target,
      action === 'secret.set' ? 'set' : 'delete',
    ]),
  );
}
