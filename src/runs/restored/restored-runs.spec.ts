import { afterAll, expect, it } from 'vitest';

import { openRunDatabase } from '../../../test/support/run-database.js';
import { removeTemporaryDirectories } from '../../../test/support/temporary-database.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { RestoredRuns } from './restored-runs.js';

afterAll(removeTemporaryDirectories);

const LOST = { status: 'lost', reason: 'restored_from_backup' };

it('ends runs with their turns: as what is known of them, else as lost', async () => {
  const at = await openRunDatabase();
  const [queued, idle, waits] = (await at.add(['A', 'B', 'C'], true)) as [string, string, string];
  await at.passTurn(idle);
  await at.passTurn(waits);
  await at.addTurn(waits);
  const restored = new RestoredRuns(at.transactions, at.runs, at.states);
  expect(await restored.end(SYSTEM_ORIGIN)).toBe(3);
  expect(await at.runs.find(queued)).toMatchObject(LOST);
  expect(await at.runs.find(idle)).toMatchObject({ status: 'failed', exitCode: 1, turn: 1 });
  expect(await at.runs.find(waits)).toMatchObject({ ...LOST, turn: 2 });
  expect(await at.turns.find(queued, 1)).toMatchObject(LOST);
  expect(await at.turns.find(waits, 1)).toMatchObject({ status: 'failed' });
  expect(await at.turns.find(waits, 2)).toMatchObject(LOST);
  expect(await restored.end(SYSTEM_ORIGIN)).toBe(0);
  await at.db.close();
});
