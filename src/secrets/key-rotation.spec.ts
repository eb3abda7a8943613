import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';

import { executeBeside } from '../../test/support/audited-database.js';
import {
  openSecretDatabase,
  type SecretDatabase,
  type SecretDatabaseOptions,
} from '../../test/support/secret-database.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import type { Origin } from '../kernel/origin.js';

vi.setConfig({ testTimeout: 60_000 });

const ORIGIN: Origin = { actor: 'loopback', requestId: 'R1' };
const OLD = 'the key before';
const NEW = 'the key in use';
const BOTH = { masterKey: NEW, previousMasterKey: OLD };
const opened: SecretDatabase[] = [];

afterEach(async () => {
  for (const { db } of opened.splice(0)) await db.close();
});
afterAll(removeTemporaryDirectories);

describe.each(['database', 'file'] as const)('the master key of the store: %s', (kind) => {
  async function open(options: SecretDatabaseOptions): Promise<SecretDatabase> {
    const secrets = await openSecretDatabase({ kind, ...options });
    opened.push(secrets);
    return secrets;
  }

  async function reopen(
    { db }: SecretDatabase,
    options: SecretDatabaseOptions,
  ): Promise<SecretDatabase> {
    await db.close();
    return open({ root: db.directory.root, ...options });
  }

  const filled = async (count = 3): Promise<SecretDatabase> => {
    const secrets = await open({ masterKey: OLD });
    for (let n = 0; n < count; n++) await secrets.store.set(ORIGIN, `K${n}`, `v${n}`);
    return secrets;
  };

  const plain = async ({ store }: SecretDatabase) => {
    const keys = (await store.list()).map(({ key }) => key);
    const values = await store.reveal(keys);
    return Object.fromEntries([...values].map(([key, value]) => [key, value.reveal()]));
  };
  const actions = async ({ db }: SecretDatabase) =>
    (await db.log.page({}, 100)).items.map(({ action }) => action);

  it('is passed on: both are needed before, the new one alone is enough after', async () => {
    let secrets = await filled();
    const list = await secrets.store.list();
    await expect(reopen(secrets, { masterKey: NEW })).rejects.toThrow(/MASTER_KEY_PREVIOUS/);
    secrets = await reopen(secrets, BOTH);
    expect(secrets.keyring.rotationPending).toBe(true);
    expect(await plain(secrets)).toEqual({ K0: 'v0', K1: 'v1', K2: 'v2' });
    expect(await secrets.rotation.rotate(ORIGIN)).toEqual({ rotated: true, secrets: 3, others: 0 });
    expect(secrets.keyring.rotationPending).toBe(false);
    expect(await plain(secrets)).toEqual({ K0: 'v0', K1: 'v1', K2: 'v2' });
    expect(await secrets.store.list()).toEqual(list);
    await expect(reopen(secrets, { masterKey: OLD })).rejects.toThrow(/^MASTER_KEY is not/);
    secrets = await reopen(secrets, { masterKey: NEW });
    expect(await plain(secrets)).toEqual({ K0: 'v0', K1: 'v1', K2: 'v2' });
    expect((await actions(secrets))[0]).toBe('secrets.key_rotated');
  });

  it('is passed on once: repeated, also at the same moment, nothing is changed', async () => {
    const secrets = await reopen(await filled(), BOTH);
    const both = await Promise.all([
      secrets.rotation.rotate(ORIGIN),
      secrets.rotation.rotate(ORIGIN),
    ]);
    expect(both.map(({ rotated }) => rotated)).toEqual([true, false]);
    const again = await reopen(secrets, BOTH);
    expect(await again.rotation.rotate(ORIGIN)).toEqual({ rotated: false, secrets: 0, others: 0 });
    expect((await actions(again)).filter((it) => it === 'secrets.key_rotated')).toHaveLength(1);
  });

  it('takes both while some secrets are under either, whichever was first', async () => {
    let secrets = await reopen(await filled(), BOTH);
    await secrets.store.set(ORIGIN, 'K1', 'new');
    const expected = { K0: 'v0', K1: 'new', K2: 'v2' };
    expect(await plain(secrets)).toEqual(expected);
    for (const masterKey of [OLD, NEW]) {
      await expect(reopen(secrets, { masterKey })).rejects.toThrow(/under two keys/);
    }
    await expect(reopen(secrets, { masterKey: NEW, previousMasterKey: 'a third' })).rejects.toThrow(
      /^MASTER_KEY_PREVIOUS is not the other key/,
    );
    secrets = await reopen(secrets, BOTH);
    expect(await plain(secrets)).toEqual(expected);
    await secrets.rotation.rotate(ORIGIN);
    expect(await plain(await reopen(secrets, { masterKey: NEW }))).toEqual(expected);
  });

  it('goes back to the key before as well as on to the new one', async () => {
    const secrets = await reopen(await filled(), BOTH);
    await secrets.store.set(ORIGIN, 'K1', 'new');
    const back = await reopen(secrets, { masterKey: OLD, previousMasterKey: NEW });
    expect(await back.rotation.rotate(ORIGIN)).toMatchObject({ rotated: true });
    expect(await plain(await reopen(back, { masterKey: OLD }))).toMatchObject({ K1: 'new' });
  });

  it('is refused with a wrong key before, and nothing is changed', async () => {
    const secrets = await filled();
    await expect(reopen(secrets, { masterKey: NEW, previousMasterKey: 'a third' })).rejects.toThrow(
      /^Neither MASTER_KEY nor MASTER_KEY_PREVIOUS/,
    );
    expect(await plain(await reopen(secrets, { masterKey: OLD }))).toMatchObject({ K0: 'v0' });
  });

  it('begins to count anew', async () => {
    let secrets = await filled();
    await executeBeside(
      secrets.db.database.file,
      'UPDATE secrets_key_check SET encryptions = 3000000000',
    );
    secrets = await reopen(secrets, BOTH);
    await secrets.rotation.rotate(ORIGIN);
    secrets = await reopen(secrets, { masterKey: NEW });
    expect(secrets.keyUse.count).toBeGreaterThanOrEqual(kind === 'database' ? 3 : 1);
    expect(secrets.keyUse.count).toBeLessThan(10_000);
  });

  it('passes on hundreds of secrets in one transaction', async () => {
    const secrets = await filled(1);
    const names = Array.from({ length: 250 }, (_, n) => `N${n}`);
    await Promise.all(names.map((name) => secrets.store.set(ORIGIN, name, name)));
    const rotating = await reopen(secrets, BOTH);
    expect(await rotating.rotation.rotate(ORIGIN)).toMatchObject({ secrets: 251 });
    const values = await plain(await reopen(rotating, { masterKey: NEW }));
    expect(names.every((name) => values[name] === name)).toBe(true);
  });
});

describe('a database of 0.6, without a check of its key', () => {
  it('keeps needing the key before after a secret was set under the new one', async () => {
    const old = await openSecretDatabase({ masterKey: OLD });
    await old.store.set(ORIGIN, 'OF_BEFORE', 'v');
    await old.db.close();
    await executeBeside(old.db.database.file, 'DELETE FROM secrets_key_check');
    const root = old.db.directory.root;
    const mixed = await openSecretDatabase({ root, ...BOTH });
    await mixed.store.set(ORIGIN, 'NEW_ONE', 'v');
    await mixed.db.close();
    await expect(openSecretDatabase({ root, masterKey: NEW })).rejects.toThrow(
      /MASTER_KEY_PREVIOUS/,
    );
    const again = await openSecretDatabase({ root, ...BOTH });
    opened.push(again);
    expect(again.keyring.rotationPending).toBe(true);
    expect(await again.rotation.rotate(ORIGIN)).toMatchObject({ rotated: true, secrets: 2 });
  });
});

describe('a value that no key opens', () => {
  it('is named, and the rotation changes nothing until it is set again', async () => {
    const opened1 = await openSecretDatabase({ masterKey: OLD });
    await opened1.store.set(ORIGIN, 'GOOD', 'v');
    await opened1.store.set(ORIGIN, 'BAD', 'v');
    await executeBeside(
      opened1.db.database.file,
      "UPDATE encrypted_secrets SET ciphertext = 'AAAA' WHERE key = 'BAD'",
    );
    await opened1.db.close();
    const root = opened1.db.directory.root;
    const secrets = await openSecretDatabase({ root, ...BOTH });
    opened.push(secrets);
    await expect(secrets.rotation.rotate(ORIGIN)).rejects.toMatchObject({
      code: 'secret_unreadable',
      details: [{ field: 'BAD', message: expect.any(String) }],
    });
    expect(secrets.keyring.rotationPending).toBe(true);
    await secrets.store.set(ORIGIN, 'BAD', 'again');
    expect(await secrets.rotation.rotate(ORIGIN)).toMatchObject({ rotated: true, secrets: 2 });
  });
});
