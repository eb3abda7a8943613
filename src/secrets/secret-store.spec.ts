import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';

import {
  openSecretDatabase,
  type SecretDatabase,
  type SecretDatabaseOptions,
} from '../../test/support/secret-database.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import type { Origin } from '../kernel/origin.js';
import { StartupError } from '../kernel/startup-error.js';

vi.setConfig({ testTimeout: 60_000 });

const ORIGIN: Origin = { actor: 'loopback', requestId: 'R1' };
const OTHER: Origin = { actor: 'write-token', requestId: 'R2' };
const KEY = 'the key of the contract';
const name = fc.oneof(
  fc.stringMatching(/^[\w.:-]{1,128}$/),
  fc.constantFrom('__proto__', 'constructor', 'toString', '..', '-', '1', 'a', 'A'),
);
const value = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
  fc.constantFrom('\ufeffx', ' ', '\0', '\r\n', '"\\', '😀', 'x'.repeat(65_536)),
);
const opened: SecretDatabase[] = [];

afterEach(async () => {
  for (const { db } of opened.splice(0)) await db.close();
});
afterAll(removeTemporaryDirectories);

/** What every adapter of `SecretStore` does, over real files and a real database. */
describe.each(['database', 'file'] as const)('SecretStore: %s', (kind) => {
  async function open(options: SecretDatabaseOptions = {}): Promise<SecretDatabase> {
    const secrets = await openSecretDatabase({ kind, masterKey: KEY, ...options });
    opened.push(secrets);
    return secrets;
  }

  async function reopen(
    { db }: SecretDatabase,
    options: SecretDatabaseOptions = {},
  ): Promise<SecretDatabase> {
    await db.close();
    return open({ root: db.directory.root, ...options });
  }

  const plain = async ({ store }: SecretDatabase, keys: string[]) =>
    Object.fromEntries([...(await store.reveal(keys))].map(([key, it]) => [key, it.reveal()]));

  const rows = async ({ db }: SecretDatabase) =>
    (await db.log.page({}, 200)).items.map(({ action, target, actor, requestId }) => [
      action,
      target,
      actor,
      requestId,
    ]);

  it('is empty at first, and again after a start without a change', async () => {
    let secrets = await open();
    for (let start = 0; start < 2; start++) {
      expect(await secrets.store.list()).toEqual([]);
      expect(await plain(secrets, ['A'])).toEqual({});
      expect(await secrets.store.existing(['A'])).toEqual(new Set());
      secrets = await reopen(secrets);
    }
  });

  it('keeps values, versions, times and actors across a start', async () => {
    let secrets = await open();
    const before = Date.now();
    await secrets.store.set(ORIGIN, 'B', 'one');
    await secrets.store.set(ORIGIN, 'A', 'first');
    await secrets.store.set(OTHER, 'B', 'two');
    const list = await secrets.store.list();
    expect(list).toMatchObject([
      { key: 'A', version: 1, updatedBy: 'loopback' },
      { key: 'B', version: 2, updatedBy: 'write-token' },
    ]);
    for (const { createdAt, updatedAt } of list) {
      expect(createdAt).toBeGreaterThanOrEqual(before);
      expect(updatedAt).toBeGreaterThanOrEqual(createdAt ?? Infinity);
      expect(updatedAt).toBeLessThanOrEqual(Date.now());
    }
    secrets = await reopen(secrets);
    expect(await secrets.store.list()).toEqual(list);
    expect(await plain(secrets, ['A', 'B', 'C'])).toEqual({ A: 'first', B: 'two' });
  });

  it('begins anew with a secret that was deleted', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'one');
    await secrets.store.set(ORIGIN, 'A', 'two');
    await secrets.store.delete(ORIGIN, 'A');
    expect(await secrets.store.existing(['A'])).toEqual(new Set());
    await secrets.store.set(ORIGIN, 'A', 'three');
    expect(await secrets.store.list()).toMatchObject([{ key: 'A', version: 1 }]);
  });

  it('leaves one audit row and one log line for each change, none for what it refuses', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    await secrets.store.delete(OTHER, 'A');
    await expect(secrets.store.set(ORIGIN, 'A/B', 'v')).rejects.toMatchObject({
      code: 'invalid_secret_key',
    });
    await expect(secrets.store.set(ORIGIN, 'A', '')).rejects.toMatchObject({
      code: 'invalid_secret_value',
    });
    await expect(secrets.store.delete(ORIGIN, 'A')).rejects.toMatchObject({
      code: 'secret_not_found',
    });
    expect(await rows(secrets)).toEqual([
      ['secret.deleted', 'A', 'write-token', 'R2'],
      ['secret.set', 'A', 'loopback', 'R1'],
    ]);
  });

  it('answers callers of the same moment each for himself, each under his own name', async () => {
    let secrets = await open();
    const { store } = secrets;
    const origin = (n: number): Origin => ({ actor: `token:T${n}`, requestId: `R${n}` });
    const sets = Array.from({ length: 40 }, (_, n) => store.set(origin(n), `K${n}`, `v${n}`));
    const missing = store.delete(ORIGIN, 'NOPE');
    const later = store.set(ORIGIN, 'LATER', 'v').then(() => store.delete(OTHER, 'LATER'));
    await Promise.all([...sets, later, expect(missing).rejects.toMatchObject({})]);
    secrets = await reopen(secrets);
    const list = await secrets.store.list();
    expect(list).toHaveLength(40);
    for (const { key, version, updatedBy } of list) {
      expect([version, updatedBy]).toEqual([1, `token:T${key.slice(1)}`]);
    }
    const values = await plain(
      secrets,
      list.map(({ key }) => key),
    );
    expect(Object.entries(values).every(([key, it]) => it === `v${key.slice(1)}`)).toBe(true);
    const trail = await rows(secrets);
    for (let n = 0; n < 40; n++) {
      expect(trail).toContainEqual(['secret.set', `K${n}`, `token:T${n}`, `R${n}`]);
    }
    expect(trail).toHaveLength(42);
  });

  it('is a map of every name and value that is allowed', async () => {
    let secrets = await open();
    const model = new Map<string, string>();
    const step = fc.record({ key: name, text: fc.option(value, { freq: 4 }) });
    const check = fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      async (steps) => {
        for (const { key, text } of steps) {
          const done =
            text === null
              ? secrets.store.delete(ORIGIN, key)
              : secrets.store.set(ORIGIN, key, text);
          if (text === null && !model.has(key))
            await expect(done).rejects.toMatchObject({ code: 'secret_not_found' });
          else await done;
          if (text === null) model.delete(key);
          else model.set(key, text);
        }
        const names = [...model.keys()];
        expect((await secrets.store.list()).map(({ key }) => key)).toEqual([...names].sort());
        expect(await secrets.store.existing([...names, 'hasOwnProperty'])).toEqual(new Set(names));
        const values = await secrets.store.reveal([...names, 'hasOwnProperty']);
        expect(new Map([...values].map(([key, it]) => [key, it.reveal()]))).toEqual(model);
      },
    );
    await fc.assert(check, { numRuns: 15 });
    secrets = await reopen(secrets);
    const values = await secrets.store.reveal([...model.keys()]);
    expect(new Map([...values].map(([key, it]) => [key, it.reveal()]))).toEqual(model);
  });

  it('is locked without a key, and opens again with it', async () => {
    let secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    secrets = await reopen(secrets, { masterKey: null });
    const { store } = secrets;
    for (const call of [
      () => store.list(),
      () => store.set(ORIGIN, 'A', 'v'),
      () => store.delete(ORIGIN, 'A'),
      () => store.existing(['A']),
      () => store.reveal(['A']),
      () => secrets.rotation.rotate(ORIGIN),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'secrets_locked' });
    }
    expect(await plain(await reopen(secrets), ['A'])).toEqual({ A: 'v' });
  });

  it('does not open with another key, and stays as it was', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    await expect(reopen(secrets, { masterKey: 'other' })).rejects.toThrow(StartupError);
    expect(await plain(await reopen(secrets), ['A'])).toEqual({ A: 'v' });
  });

  it('counts every encryption, across a start too', async () => {
    let secrets = await open();
    for (let n = 0; n < 5; n++) await secrets.store.set(ORIGIN, 'A', `v${n}`);
    const { count } = secrets.keyUse;
    expect(count).toBeGreaterThanOrEqual(6);
    secrets = await reopen(secrets);
    expect(secrets.keyUse.count).toBeGreaterThanOrEqual(count);
    expect(secrets.keyUse.count).toBeLessThan(count + 5000);
  });

  it('says that it cannot store, and then stores nothing of it', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    await secrets.db.transactions.close();
    await expect(secrets.store.set(ORIGIN, 'A', 'lost')).rejects.toMatchObject({
      code: 'shutting_down',
    });
    const again = await reopen(secrets);
    expect(await plain(again, ['A'])).toEqual({ A: 'v' });
    expect(await rows(again)).toHaveLength(1);
  });
});
