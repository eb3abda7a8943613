import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';

import { executeBeside } from '../../test/support/audited-database.js';
import {
  openSecretDatabase,
  type SecretDatabase,
  type SecretDatabaseOptions,
} from '../../test/support/secret-database.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import { RunValuesKeeper } from './run-values-keeper.js';

vi.setConfig({ testTimeout: 60_000 });

const ORIGIN = { actor: 'loopback', requestId: 'R1' } as const;
let opened: SecretDatabase | null = null;

async function open(options: SecretDatabaseOptions): Promise<SecretDatabase> {
  await opened?.db.close();
  opened = await openSecretDatabase(options);
  new RunValuesKeeper(opened.keepers).onModuleInit();
  return opened;
}

async function sealedOf({ db }: SecretDatabase, runId: string): Promise<string> {
  const rows = await db.read.manager.query(
    'SELECT masked_values AS sealed FROM running_commands WHERE run_id = ?',
    [runId],
  );
  return rows[0].sealed;
}

afterEach(() => opened?.db.close());
afterAll(removeTemporaryDirectories);

describe('the values of running commands', () => {
  it('pass to the new master key with the secrets; what nobody can open stays', async () => {
    const first = await open({ masterKey: 'before' });
    await first.store.set(ORIGIN, 'A', 'v');
    const sealed = first.vault.sealForRun('R1', ['one', 'two']);
    await executeBeside(
      first.db.database.file,
      `INSERT INTO running_commands (run_id, nonce, place, limits, masked_values) VALUES
       ('R1', 'n', '{}', '{}', '${sealed}'), ('R2', 'n', '{}', '{}', NULL),
       ('R3', 'n', '{}', '{}', '${sealed}')`,
    );
    const { root } = first.db.directory;
    const both = await open({ root, masterKey: 'now', previousMasterKey: 'before' });
    expect(both.vault.openForRun('R1', await sealedOf(both, 'R1'))).toEqual(['one', 'two']);
    expect(await both.rotation.rotate(ORIGIN)).toEqual({ rotated: true, secrets: 1, others: 1 });
    const after = await open({ root, masterKey: 'now' });
    expect(after.vault.openForRun('R1', await sealedOf(after, 'R1'))).toEqual(['one', 'two']);
    // Sealed for another run.
    expect(await sealedOf(after, 'R3')).toBe(sealed);
  });
});
