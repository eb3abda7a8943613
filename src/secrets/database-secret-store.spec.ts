import { createCipheriv, createHash, randomBytes } from 'node:crypto';

import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';

import { executeBeside } from '../../test/support/audited-database.js';
import {
  TEST_MASTER_KEY,
  openSecretDatabase,
  type SecretDatabase,
} from '../../test/support/secret-database.js';
import {
  removeTemporaryDirectories,
  temporaryDirectory,
} from '../../test/support/temporary-database.js';
import type { Origin } from '../kernel/origin.js';
import { StartupError } from '../kernel/startup-error.js';

vi.setConfig({ testTimeout: 30_000 });

const ORIGIN: Origin = { actor: 'loopback', requestId: 'R1' };
const opened: SecretDatabase[] = [];

async function open(options?: Parameters<typeof openSecretDatabase>[0]): Promise<SecretDatabase> {
  const secrets = await openSecretDatabase(options);
  opened.push(secrets);
  return secrets;
}

async function reopen({ db }: SecretDatabase, masterKey?: string | null): Promise<SecretDatabase> {
  await db.close();
  return open({ root: db.directory.root, ...(masterKey === undefined ? {} : { masterKey }) });
}

const valueOf = async ({ vault }: SecretDatabase, key: string) =>
  (await vault.reveal([key])).get(key)?.reveal();

const actionsOf = async ({ db }: SecretDatabase) =>
  (await db.log.page({}, 100)).items.map(({ action, target, actor }) => [action, target, actor]);

afterEach(async () => {
  for (const { db } of opened.splice(0)) await db.close();
});
afterAll(removeTemporaryDirectories);

describe('DatabaseSecretStore', () => {
  it('keeps values across a restart and counts versions', async () => {
    let secrets = await open();
    await secrets.store.set(ORIGIN, 'B', 'one');
    await secrets.store.set(ORIGIN, 'A', 'first');
    await secrets.store.set({ actor: 'write-token', requestId: 'R2' }, 'B', 'two');
    secrets = await reopen(secrets);
    expect(await valueOf(secrets, 'B')).toBe('two');
    const list = await secrets.store.list();
    expect(list.map(({ key, version, updatedBy }) => [key, version, updatedBy])).toEqual([
      ['A', 1, 'loopback'],
      ['B', 2, 'write-token'],
    ]);
    expect(Object.keys(JSON.parse(JSON.stringify(list[0])) as object).sort()).toEqual(
      ['createdAt', 'key', 'updatedAt', 'updatedBy', 'version'].sort(),
    );
  });

  it('leaves one audit row for each change, and none for what it refuses', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    await secrets.store.delete(ORIGIN, 'A');
    for (const [key, value] of [
      ['A/B', 'v'],
      ['A', ''],
      ['A', 5],
    ]) {
      await expect(secrets.store.set(ORIGIN, key as string, value)).rejects.toThrow();
    }
    await expect(secrets.store.delete(ORIGIN, 'A')).rejects.toMatchObject({
      code: 'secret_not_found',
    });
    expect(await actionsOf(secrets)).toEqual([
      ['secret.deleted', 'A', 'loopback'],
      ['secret.set', 'A', 'loopback'],
    ]);
  });

  it('tells which names are unknown, each once, under the field that named them', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    const names = ['A', 'NOPE', 'NOPE', '__proto__'];
    expect(await secrets.vault.missing(names)).toEqual(['NOPE', '__proto__']);
    await expect(secrets.vault.reveal(names)).rejects.toMatchObject({
      code: 'secret_unknown',
      details: [
        { field: 'secrets', message: 'no secret is named NOPE' },
        { field: 'secrets', message: 'no secret is named __proto__' },
      ],
    });
  });

  it('says which secret cannot be read, and nothing else of it', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'canary');
    await secrets.store.set(ORIGIN, 'B', 'other');
    await executeBeside(
      secrets.db.database.file,
      `UPDATE encrypted_secrets SET ciphertext = (SELECT ciphertext FROM encrypted_secrets WHERE key = 'B') WHERE key = 'A'`,
    );
    await expect(secrets.vault.reveal(['A'])).rejects.toMatchObject({ code: 'secret_unreadable' });
    expect(await valueOf(secrets, 'B')).toBe('other');
    await secrets.store.set(ORIGIN, 'A', 'again');
    expect(await valueOf(secrets, 'A')).toBe('again');
  });

  it('undoes the value, the audit row and the log line together when the group fails', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    const other = await openIntruderLock(secrets);
    await expect(secrets.store.set(ORIGIN, 'A', 'lost')).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    await other();
    expect(await valueOf(secrets, 'A')).toBe('v');
    expect(await actionsOf(secrets)).toHaveLength(1);
  });
});

describe('without a master key', () => {
  it('answers secrets_locked to everything, and opens again with the key', async () => {
    let secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    secrets = await reopen(secrets, null);
    const { store, vault, keyring } = secrets;
    expect(keyring.locked).toBe(true);
    const calls: (() => Promise<unknown>)[] = [
      () => store.list(),
      () => store.set(ORIGIN, 'A', 'v'),
      () => store.set(ORIGIN, 'A/B', ''),
      () => store.delete(ORIGIN, 'A'),
      () => vault.reveal(['A']),
      () => vault.missing(['A']),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ code: 'secrets_locked' });
    }
    expect((await vault.reveal([])).size).toBe(0);
    secrets = await reopen(secrets);
    expect(await valueOf(secrets, 'A')).toBe('v');
  });
});

describe('with another master key', () => {
  it('does not start, once a secret was set, and stays as it was', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    const other = reopen(secrets, 'other');
    await expect(other).rejects.toThrow(StartupError);
    await expect(other).rejects.toThrow(/^MASTER_KEY is not/);
    expect(await valueOf(await reopen(secrets), 'A')).toBe('v');
  });

  it('does not start even when all secrets were deleted since', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    await secrets.store.delete(ORIGIN, 'A');
    await expect(reopen(secrets, 'other')).rejects.toThrow(StartupError);
  });

  it('does not start when the check was deleted but rows are there', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    await executeBeside(secrets.db.database.file, 'DELETE FROM secrets_key_check');
    await expect(reopen(secrets, 'other')).rejects.toThrow(StartupError);
    expect(await valueOf(await reopen(secrets), 'A')).toBe('v');
  });

  it('starts where nothing was ever stored: the key of the first change counts', async () => {
    let secrets = await open({ masterKey: 'tried' });
    secrets = await reopen(secrets, 'decided');
    await secrets.store.set(ORIGIN, 'A', 'v');
    await expect(reopen(secrets, 'tried')).rejects.toThrow(StartupError);
  });
});

describe('a database of Risoluto 0.6', () => {
  it('is read after the migration, its times in any form', async () => {
    const at = Date.UTC(2024, 4, 6, 7, 8, 9);
    const root = await databaseOf06([
      rowOf06('ISO', 'one', "'2024-05-06T07:08:09.000Z'"),
      rowOf06('SQL', 'two', "'2024-05-06 07:08:09'"),
      rowOf06('MS', 'three', String(at)),
      rowOf06('S', 'four', String(at / 1000)),
      rowOf06('ODD', 'five', 'NULL'),
    ]);
    const secrets = await open({ root });
    const list = await secrets.store.list();
    expect(list.map((secret) => secret.key)).toEqual(['ISO', 'MS', 'ODD', 'S', 'SQL']);
    for (const { key, updatedAt, version } of list) {
      expect([key, version]).toEqual([key, 1]);
      if (key !== 'ODD') expect([key, updatedAt]).toEqual([key, at]);
    }
    const values = await secrets.vault.reveal(['ISO', 'SQL', 'MS', 'S', 'ODD']);
    const plain = Object.fromEntries([...values].map(([key, value]) => [key, value.reveal()]));
    expect(plain).toEqual({ ISO: 'one', MS: 'three', ODD: 'five', S: 'four', SQL: 'two' });
  });

  it('is read with integer times, and becomes the new format row by row when next set', async () => {
    const root = await databaseOf06(
      [rowOf06('A', 'old', '1714979289000'), rowOf06('B', 'old', '0')],
      'INTEGER',
    );
    let secrets = await open({ root });
    const formats = () =>
      secrets.db.read.manager.query(
        'SELECT key, format, version FROM encrypted_secrets ORDER BY key',
      );
    await secrets.store.set(ORIGIN, 'A', 'new');
    expect(await formats()).toEqual([
      { key: 'A', format: 1, version: 2 },
      { key: 'B', format: 0, version: 1 },
    ]);
    secrets = await reopen(secrets);
    expect([await valueOf(secrets, 'A'), await valueOf(secrets, 'B')]).toEqual(['new', 'old']);
  });

  it('does not start with a key that opens none of its rows', async () => {
    const root = await databaseOf06([rowOf06('A', 'old', '0')]);
    await expect(open({ root, masterKey: 'other' })).rejects.toThrow(StartupError);
    expect(await valueOf(await open({ root }), 'A')).toBe('old');
  });
});

function rowOf06(key: string, text: string, updatedAt: string): string {
  const iv = randomBytes(12);
  const gcm = createCipheriv(
    'aes-256-gcm',
    createHash('sha256').update(TEST_MASTER_KEY).digest(),
    iv,
  );
  const ciphertext = Buffer.concat([gcm.update(text, 'utf8'), gcm.final()]).toString('base64');
  const columns = [key, ciphertext, iv.toString('base64'), gcm.getAuthTag().toString('base64')];
  return `INSERT INTO encrypted_secrets VALUES (${columns.map((column) => `'${column}'`).join(', ')}, ${updatedAt})`;
}

async function databaseOf06(rows: string[], timeType = 'TEXT'): Promise<string> {
  const root = temporaryDirectory();
  const table = `CREATE TABLE "encrypted_secrets" ("key" varchar PRIMARY KEY NOT NULL, "ciphertext" text NOT NULL, "iv" text NOT NULL, "auth_tag" text NOT NULL, "updated_at" ${timeType})`;
  await executeBeside(`${root}/risoluto.db`, [table, ...rows].join(';\n'));
  return root;
}

/** Holds the write lock beside the service, with little patience on its side; returns the release. */
async function openIntruderLock({ db }: SecretDatabase): Promise<() => Promise<void>> {
  const { default: sqlite3 } = await import('sqlite3');
  await db.database.writing.query('PRAGMA busy_timeout = 50');
  const connection = new sqlite3.Database(db.database.file);
  await new Promise<void>((resolve, reject) => {
    connection.exec('BEGIN IMMEDIATE', (error) => (error ? reject(error) : resolve()));
  });
  return () => new Promise((resolve) => connection.close(() => resolve()));
}
