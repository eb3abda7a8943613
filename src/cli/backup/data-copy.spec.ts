import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import {
  openTemporaryDatabase,
  removeTemporaryDirectories,
  temporaryDirectory,
} from '../../../test/support/temporary-database.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { copyData } from './data-copy.js';

const COPIES = 6;

afterAll(() => removeTemporaryDirectories());

const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('a copy of the data directory', () => {
  it('has the file of secrets that its database means, while both are written', async () => {
    const root = temporaryDirectory();
    const data = await openTemporaryDatabase({ root });
    const file = join(root, 'secrets.enc');
    const writing = { on: true, changes: 0 };
    const writer = (async () => {
      for (let before: string | null = null; writing.on; writing.changes += 1) {
        const bytes = randomBytes(1000);
        const digest = digestOf(bytes);
        writeFileSync(`${file}.next`, bytes);
        const previous = before;
        await data.transactions.run(SYSTEM_ORIGIN, async (tx) => {
          const row = 'INSERT OR REPLACE INTO secrets_file VALUES (1, ?, ?)';
          await tx.manager.query(row, [digest, previous]);
        });
        renameSync(`${file}.next`, file);
        before = digest;
      }
    })();
    try {
      for (let n = 0; n < COPIES; n += 1) {
        const earlier = writing.changes;
        const copy = await copyData(root, join(temporaryDirectory(), 'data'));
        const [row] = await copy.database.query<{ digest: string }>(
          'SELECT digest FROM secrets_file',
        );
        await copy.database.close();
        expect(digestOf(readFileSync(join(copy.directory, 'secrets.enc')))).toBe(row?.digest);
        expect(writing.changes).toBeGreaterThan(earlier);
      }
    } finally {
      writing.on = false;
      await writer;
      await data.close();
    }
  });
});
