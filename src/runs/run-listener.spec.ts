import { afterAll, expect, it } from 'vitest';

import { begunTurn, FAILED, openRunDatabase } from '../../test/support/run-database.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { RestoredRuns } from './restored/restored-runs.js';
import { RunListener, type FinishedRun, type StartedRun } from './run-listener.js';

afterAll(removeTemporaryDirectories);

class Listening extends RunListener {
  readonly told: unknown[] = [];
  trouble: Error | null = null;

  started(_tx: unknown, { id, issue }: StartedRun): Promise<void> {
    this.told.push(['started', id, issue]);
    return this.trouble === null ? Promise.resolve() : Promise.reject(this.trouble);
  }

  finished(_tx: unknown, { id, status, exitCode, startedAt }: FinishedRun): Promise<void> {
    this.told.push(['finished', id, status, exitCode, startedAt]);
    return this.trouble === null ? Promise.resolve() : Promise.reject(this.trouble);
  }
}

async function listenedTo() {
  const at = await openRunDatabase();
  const listening = new Listening();
  at.listeners.register(listening);
  return { at, listening };
}

it('is told once that a run starts, and once that it finishes, whatever turns it has between', async () => {
  const { at, listening } = await listenedTo();
  const [id = ''] = await at.add(['A'], true);
  await at.passTurn(id);
  await at.addTurn(id);
  await at.passTurn(id);
  expect(listening.told).toEqual([['started', id, 'A']]);
  await at.change(id, (tx, run) => at.closing.close(tx, run));
  expect(listening.told.slice(1)).toEqual([['finished', id, 'failed', 1, 5]]);
  await at.db.close();
});

it('is told of the end of a run that never started, and of one that a restore ends', async () => {
  const { at, listening } = await listenedTo();
  const [cancelled = '', restored = ''] = await at.add(['A', 'B']);
  await at.change(cancelled, (tx, run) => at.closing.close(tx, run));
  await new RestoredRuns(at.transactions, at.runs, at.states).end(SYSTEM_ORIGIN);
  expect(listening.told).toEqual([
    ['finished', cancelled, 'cancelled', null, null],
    ['finished', restored, 'lost', null, null],
  ]);
  await at.db.close();
});

it('is told inside the transaction: what it throws takes the move back', async () => {
  const { at, listening } = await listenedTo();
  const [id = ''] = await at.add(['A']);
  await at.change(id, ({ manager }, run) => at.states.prepare(manager, run));
  listening.trouble = new Error('no');
  const begun = at.change(id, ({ manager }, run) => at.states.begin(manager, run, begunTurn(id)));
  await expect(begun).rejects.toThrow('no');
  expect(await at.runs.find(id)).toMatchObject({ status: 'preparing' });
  const ended = at.change(id, ({ manager }, run) => at.states.endTurn(manager, run, FAILED));
  await expect(ended).rejects.toThrow('no');
  expect(await at.runs.find(id)).toMatchObject({ status: 'preparing', finishedAt: null });
  await at.db.close();
});
