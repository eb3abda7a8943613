import { mkdirSync, renameSync, rmdirSync } from 'node:fs';

import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { openAuditedDatabase, type AuditedDatabase } from '../../test/support/audited-database.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { MOST_ROWS_PER_GROUP } from './trail-state.js';

beforeAll(() => Logger.overrideLogger(false));

let db: AuditedDatabase;
beforeEach(async () => {
  db = await openAuditedDatabase();
  await db.leaveRow();
});
afterEach(() => db.close());
afterAll(removeTemporaryDirectories);

/** From now on `audit.head` cannot be opened; returns what gives it back. */
function takeAnchorAway(): () => void {
  const aside = `${db.anchorFile}.aside`;
  renameSync(db.anchorFile, aside);
  mkdirSync(db.anchorFile);
  return () => {
    rmdirSync(db.anchorFile);
    renameSync(aside, db.anchorFile);
  };
}

function leaveRows(count: number): Promise<void> {
  return db.transactions.run(SYSTEM_ORIGIN, (tx) => {
    for (let n = 0; n < count; n++) tx.audit({ action: 'note.set', target: `t${n}` });
    return Promise.resolve();
  });
}

describe('a head that cannot be written outside the table', () => {
  it('stops changes before the next start would take it for rolled back', async () => {
    const giveBack = takeAnchorAway();
    for (let rows = 0; rows < MOST_ROWS_PER_GROUP; rows += 16) await leaveRows(16);
    await expect(db.leaveRow()).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(db.trail.trouble).toContain('cannot be written');
    // The process is killed now.
    db = await db.reopened(giveBack);
    expect(db.trail.trouble).toBeNull();
    expect(await db.verifier.verify(true)).toMatchObject({ ok: true });
  });

  it('lets them go on as soon as it can be', async () => {
    const giveBack = takeAnchorAway();
    for (let rows = 0; rows < MOST_ROWS_PER_GROUP; rows += 16) await leaveRows(16);
    await expect(leaveRows(2)).rejects.toMatchObject({ code: 'storage_unavailable' });
    giveBack();
    await leaveRows(2);
    expect(db.trail.trouble).toBeNull();
    expect(await db.verifier.verify(true)).toEqual({
      ok: true,
      checked: 1 + MOST_ROWS_PER_GROUP + 2,
      firstBroken: null,
    });
  });
});
