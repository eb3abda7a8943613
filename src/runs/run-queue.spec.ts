import { afterAll, vi } from 'vitest';

import type { QueueUnderTest } from '../../test/support/queue-under-test.js';
import { FAILED, openRunDatabase } from '../../test/support/run-database.js';
import { describeRunQueue } from '../../test/support/run-queue-contract.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import { SystemClock } from '../kernel/clock.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { Leftovers } from './leftovers.js';
import { LineObstacles } from './line-obstacles.js';
import { RunCancellation } from './run-cancellation.js';
import { DatabaseRunQueue } from './run-queue.js';
import { WaitingRoom } from './waiting-room.js';
import { HeldWorkspaces } from './workspaces/held-workspaces.js';

vi.setConfig({ testTimeout: 60_000 });
afterAll(removeTemporaryDirectories);

describeRunQueue('the database', () => open());

/** Stands still but for what a test lets pass. */
class MovableClock extends SystemClock {
  passed = 0;
  override monotonicMs(): number {
    return this.passed;
  }
}

async function open(root?: string): Promise<QueueUnderTest> {
  const clock = new MovableClock();
  const database = await openRunDatabase(root, clock);
  const { db, transactions, runs, turns, states, signals, closing, change, add } = database;
  const held = new HeldWorkspaces();
  const room = new WaitingRoom(clock);
  const leftovers = new Leftovers(signals);
  const obstacles = new LineObstacles(held, room, leftovers);
  const cancellation = new RunCancellation(transactions, runs, closing, signals, clock);
  return {
    queue: new DatabaseRunQueue(transactions, runs, turns, states, room, obstacles),
    add: (issues) => add(issues),
    addKept: (issues) => add(issues, true),
    addTurn: (id, command) => database.addTurn(id, command),
    async cancel(id) {
      const { status } = await cancellation.cancel(id, SYSTEM_ORIGIN);
      if (status !== 'cancelled') throw new Error(`it was ${status}`);
    },
    finish: (id) => change(id, ({ manager }, run) => states.end(manager, run, FAILED)),
    endTurn: (id) =>
      change(id, async ({ manager }, run) => {
        const became = await states.endTurn(manager, run, FAILED);
        if (became !== 'idle') throw new Error(`it became ${became}`);
      }),
    leave(id, issue) {
      let left = true;
      leftovers.add(id, issue, () =>
        left ? Promise.reject(new Error('it is still there')) : Promise.resolve(),
      );
      return () => {
        left = false;
        return leftovers.remove();
      };
    },
    hold(issue) {
      held.add(issue);
      return () => held.delete(issue);
    },
    pass(ms) {
      clock.passed += ms;
    },
    async reopened() {
      await db.close();
      return open(db.directory.root);
    },
    close: () => db.close(),
  };
}
