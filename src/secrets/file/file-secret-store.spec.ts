import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';

import {
  openSecretDatabase,
  type SecretDatabase,
  type SecretDatabaseOptions,
} from '../../../test/support/secret-database.js';
import { secretsFileOf06, valuesOfFileFor06 } from '../../../test/support/secrets-file-of-0-6.js';
import {
  removeTemporaryDirectories,
  temporaryDirectory,
} from '../../../test/support/temporary-database.js';
import type { Origin } from '../../kernel/origin.js';
import { StartupError } from '../../kernel/startup-error.js';
import { SecretFile } from './secret-file.js';

vi.setConfig({ testTimeout: 60_000 });

const ORIGIN: Origin = { actor: 'loopback', requestId: 'R1' };
const KEY = 'the key of the file';
const opened: SecretDatabase[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const { db } of opened.splice(0)) await db.close();
});
afterAll(removeTemporaryDirectories);

async function open(options: SecretDatabaseOptions = {}): Promise<SecretDatabase> {
  const secrets = await openSecretDatabase({ kind: 'file', masterKey: KEY, ...options });
  opened.push(secrets);
  return secrets;
}

async function reopen(
  { db }: SecretDatabase,
  meanwhile: () => void = () => undefined,
  options: SecretDatabaseOptions = {},
): Promise<SecretDatabase> {
  await db.close();
  meanwhile();
  return open({ root: db.directory.root, ...options });
}

const plain = async ({ store }: SecretDatabase) => {
  const values = await store.reveal((await store.list()).map(({ key }) => key));
  return Object.fromEntries([...values].map(([key, value]) => [key, value.reveal()]));
};
const actions = async ({ db }: SecretDatabase) =>
  (await db.log.page({}, 100)).items.map(({ action, target }) => `${action} ${target}`);
const next = ({ secretsFile }: SecretDatabase) => `${secretsFile}.next`;

describe('secrets.enc', () => {
  it('is what Risoluto 0.6 reads, and nobody else may', async () => {
    const secrets = await open();
    const values = { A: 'one', __proto__x: 'ü😀', 'b.c:d-e': '{"x":1}' };
    for (const [key, value] of Object.entries(values)) await secrets.store.set(ORIGIN, key, value);
    expect(valuesOfFileFor06(KEY, readFileSync(secrets.secretsFile, 'utf8'))).toEqual(values);
    expect(statSync(secrets.secretsFile).mode & 0o777).toBe(0o600);
    expect(existsSync(next(secrets))).toBe(false);
  });

  it('of Risoluto 0.6 is read; what nobody noted of its secrets is said to be unknown', async () => {
    const root = temporaryDirectory();
    writeFileSync(`${root}/secrets.enc`, secretsFileOf06(KEY, { B: 'two', A: 'one' }), {
      mode: 0o644,
    });
    let secrets = await open({ root });
    expect(await plain(secrets)).toEqual({ A: 'one', B: 'two' });
    const unknown = { version: null, createdAt: null, updatedAt: null, updatedBy: null };
    expect(await secrets.store.list()).toEqual([
      { key: 'A', ...unknown },
      { key: 'B', ...unknown },
    ]);
    expect(statSync(secrets.secretsFile).mode & 0o777).toBe(0o600);
    expect(await actions(secrets)).toEqual(['secrets.file_adopted secrets.enc']);
    await secrets.store.set(ORIGIN, 'A', 'new');
    secrets = await reopen(secrets);
    expect(await secrets.store.list()).toEqual([
      { key: 'A', ...unknown, updatedAt: expect.any(Number), updatedBy: 'loopback' },
      { key: 'B', ...unknown },
    ]);
    expect(await plain(secrets)).toEqual({ A: 'new', B: 'two' });
  });

  it('that Risoluto 0.6 changes meanwhile is taken over, with an audit row, once', async () => {
    let secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'ours');
    secrets = await reopen(secrets, () =>
      writeFileSync(secrets.secretsFile, secretsFileOf06(KEY, { C: 'theirs' })),
    );
    expect(await plain(secrets)).toEqual({ C: 'theirs' });
    secrets = await reopen(secrets);
    expect(await actions(secrets)).toEqual(['secrets.file_adopted secrets.enc', 'secret.set A']);
  });

  it('that another program writes while we run is not written over', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'ours');
    writeFileSync(secrets.secretsFile, secretsFileOf06(KEY, { C: 'theirs' }));
    await secrets.store.set(ORIGIN, 'B', 'ours too');
    expect(await plain(secrets)).toEqual({ B: 'ours too', C: 'theirs' });
    expect(await actions(secrets)).toEqual([
      'secret.set B',
      'secrets.file_adopted secrets.enc',
      'secret.set A',
    ]);
    writeFileSync(secrets.secretsFile, 'no file of secrets');
    await expect(secrets.store.set(ORIGIN, 'D', 'v')).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    expect(secrets.store.trouble).toContain('secrets.enc');
    expect(readFileSync(secrets.secretsFile, 'utf8')).toBe('no file of secrets');
  });

  it.each([
    ['another key', () => secretsFileOf06('another key', { A: 'v' }), /cannot be decrypted/],
    ['half of it', () => secretsFileOf06(KEY, { A: 'v' }).slice(0, 90), /is no file of secrets/],
    [
      'a changed byte',
      () =>
        secretsFileOf06(KEY, { A: 'v' }).replace(/(?<="ciphertext": ")./, (first) =>
          first === 'A' ? 'B' : 'A',
        ),
      /cannot be decrypted/,
    ],
    [
      'values that are no texts',
      () => secretsFileOf06(KEY, { A: 5 as unknown as string }),
      /is no file of secrets/,
    ],
  ])('with %s stops the start, and stays as it is', async (_what, made, message) => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    const text = made();
    const again = reopen(secrets, () => writeFileSync(secrets.secretsFile, text));
    await expect(again).rejects.toThrow(message);
    await expect(again).rejects.toThrow(StartupError);
    expect(readFileSync(secrets.secretsFile, 'utf8')).toBe(text);
  });

  it('that is gone stops the start, and no empty one is made in its place', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'v');
    await expect(reopen(secrets, () => rmSync(secrets.secretsFile))).rejects.toThrow(/is gone/);
    expect(existsSync(secrets.secretsFile)).toBe(false);
  });
});

describe('a change of secrets.enc', () => {
  it('is shared by callers of the same moment', async () => {
    const secrets = await open();
    const prepare = vi.spyOn(SecretFile.prototype, 'prepare');
    const names = Array.from({ length: 32 }, (_, n) => `K${n}`);
    await Promise.all(names.map((name) => secrets.store.set(ORIGIN, name, 'v')));
    expect(prepare.mock.calls.length).toBeGreaterThan(0);
    expect(prepare.mock.calls.length).toBeLessThanOrEqual(4);
  });

  it('that was committed but not put in place is there, and is put in place later', async () => {
    let secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'one');
    vi.spyOn(SecretFile.prototype, 'promote').mockRejectedValueOnce(new Error('EIO'));
    await secrets.store.set(ORIGIN, 'A', 'two');
    expect(valuesOfFileFor06(KEY, readFileSync(secrets.secretsFile, 'utf8'))).toEqual({ A: 'one' });
    expect(await plain(secrets)).toEqual({ A: 'two' });
    expect(secrets.store.trouble).toContain('EIO');
    await secrets.store.set(ORIGIN, 'B', 'three');
    expect(secrets.store.trouble).toBeNull();
    const expected = { A: 'two', B: 'three' };
    expect(valuesOfFileFor06(KEY, readFileSync(secrets.secretsFile, 'utf8'))).toEqual(expected);

    vi.spyOn(SecretFile.prototype, 'promote').mockRejectedValueOnce(new Error('EIO'));
    await secrets.store.delete(ORIGIN, 'B');
    secrets = await reopen(secrets);
    expect(await plain(secrets)).toEqual({ A: 'two' });
    expect(valuesOfFileFor06(KEY, readFileSync(secrets.secretsFile, 'utf8'))).toEqual({ A: 'two' });
    expect(existsSync(next(secrets))).toBe(false);
  });

  it('that could not be put in place is told until the disk is well again, whoever asks', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'one');
    const promote = vi.spyOn(SecretFile.prototype, 'promote').mockRejectedValue(new Error('EIO'));
    await secrets.store.set(ORIGIN, 'A', 'two');
    await secrets.store.recover();
    expect(secrets.store.trouble).toContain('EIO');
    promote.mockRestore();
    await Promise.all([secrets.store.recover(), secrets.store.recover()]);
    expect(secrets.store.trouble).toBeNull();
    expect(valuesOfFileFor06(KEY, readFileSync(secrets.secretsFile, 'utf8'))).toEqual({ A: 'two' });
    expect(await actions(secrets)).toEqual(['secret.set A', 'secret.set A']);
  });

  it('that was not committed never was', async () => {
    let secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'one');
    const whole = readFileSync(secrets.secretsFile, 'utf8');
    for (const left of [secretsFileOf06(KEY, { A: 'lost' }), whole.slice(0, 50), '']) {
      secrets = await reopen(secrets, () => writeFileSync(next(secrets), left));
      expect(await plain(secrets)).toEqual({ A: 'one' });
      expect(existsSync(next(secrets))).toBe(false);
    }
    expect(await actions(secrets)).toEqual(['secret.set A']);
  });

  it('that another program passed by is put into nobody’s hands but the operator’s', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'one');
    vi.spyOn(SecretFile.prototype, 'promote').mockRejectedValueOnce(new Error('EIO'));
    await secrets.store.set(ORIGIN, 'A', 'two');
    const theirs = secretsFileOf06(KEY, { A: 'theirs' });
    const again = reopen(secrets, () => writeFileSync(secrets.secretsFile, theirs));
    await expect(again).rejects.toThrow(/secrets.enc.next/);
    expect(existsSync(next(secrets))).toBe(true);
    expect(await plain(await reopen(secrets, () => rmSync(next(secrets))))).toEqual({
      A: 'theirs',
    });
  });

  it('that cannot be written is refused and leaves neither value nor audit row', async () => {
    const secrets = await open();
    await secrets.store.set(ORIGIN, 'A', 'one');
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    vi.spyOn(SecretFile.prototype, 'prepare').mockRejectedValueOnce(full);
    await expect(secrets.store.set(ORIGIN, 'A', 'two')).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    expect(await plain(secrets)).toEqual({ A: 'one' });
    expect(await actions(secrets)).toEqual(['secret.set A']);
    await secrets.store.set(ORIGIN, 'A', 'three');
    expect(await plain(await reopen(secrets))).toEqual({ A: 'three' });
  });

  it('without a key is put in place at the start too', async () => {
    let secrets = await open();
    vi.spyOn(SecretFile.prototype, 'promote').mockRejectedValueOnce(new Error('EIO'));
    await secrets.store.set(ORIGIN, 'A', 'one');
    secrets = await reopen(secrets, undefined, { masterKey: null });
    expect(valuesOfFileFor06(KEY, readFileSync(secrets.secretsFile, 'utf8'))).toEqual({ A: 'one' });
    expect(await plain(await reopen(secrets))).toEqual({ A: 'one' });
  });
});
