import { afterAll, expect, it } from 'vitest';

import { begunTurn, FAILED, openRunDatabase } from '../../test/support/run-database.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import type { RunOutcome } from './run-outcome.js';

afterAll(removeTemporaryDirectories);

const SUCCEEDED: RunOutcome = { status: 'succeeded', exitCode: 0, reason: null, message: null };

it('a kept-alive run is idle after any outcome of a turn, unless its cancellation was asked for', async () => {
  const at = await openRunDatabase();
  const [idle = '', cancelled = ''] = await at.add(['A', 'B'], true);
  await at.change(cancelled, ({ manager }) =>
    at.runs.update(manager, cancelled, { cancelRequestedAt: 1 }),
  );
  for (const id of [idle, cancelled]) await at.passTurn(id, SUCCEEDED);
  expect(await at.runs.find(idle)).toMatchObject({ status: 'idle', finishedAt: null });
  // It ended by itself before it could be told: that is its outcome, and the run's.
  expect(await at.runs.find(cancelled)).toMatchObject({ status: 'succeeded', idleSince: null });
  await at.addTurn(idle);
  await at.passTurn(idle, { ...FAILED, status: 'lost' });
  expect(await at.runs.find(idle)).toMatchObject({ status: 'idle', turn: 2 });
  expect(await at.turns.find(idle, 2)).toMatchObject({ status: 'lost', exitCode: 1 });
  await at.db.close();
});

it('the row of a run is its next turn’s once that is asked for, and the last one’s report is kept', async () => {
  const at = await openRunDatabase();
  const [id = ''] = await at.add(['A'], true);
  await at.change(id, async ({ manager }, run) => {
    await at.states.prepare(manager, run);
    await at.states.begin(manager, run, begunTurn(id, '{"of":1}'));
    await at.states.endTurn(manager, run, FAILED);
  });
  expect(await at.runs.find(id)).toMatchObject({
    status: 'idle',
    exitCode: 1,
    containerId: null,
    outcome: JSON.stringify(FAILED),
    idleSince: expect.any(Number),
  });
  await at.addTurn(id);
  expect(await at.runs.find(id)).toMatchObject({
    status: 'idle',
    turn: 2,
    exitCode: null,
    reason: null,
    runningAt: null,
    outcome: null,
    sandboxReport: null,
    idleSince: null,
    idleMoment: null,
  });
  expect(await at.turns.find(id, 1)).toMatchObject({
    status: 'failed',
    runningAt: 5,
    sandboxReport: '{"of":1}',
  });
  await at.db.close();
});
