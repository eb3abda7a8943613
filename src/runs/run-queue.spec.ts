import { afterAll, vi } from 'vitest';

import { openAuditedDatabase } from '../../test/support/audited-database.js';
import type { QueueUnderTest } from '../../test/support/queue-under-test.js';
import { describeRunQueue } from '../../test/support/run-queue-contract.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import type { Settings } from '../config/settings.js';
import { SystemClock } from '../kernel/clock.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { Metrics } from '../metrics/metrics.js';
import type { Transaction } from '../persistence/transactions.js';
import { LocalCancelSignal } from './cancel-signal.js';
import { Leftovers } from './leftovers.js';
import { LineObstacles } from './line-obstacles.js';
import { RunAdmission } from './run-admission.js';
import { RunCancellation } from './run-cancellation.js';
import { RunChanges } from './run-changes.js';
import { RunClosing } from './run-closing.js';
import type { RunOutcome } from './run-outcome.js';
import { DatabaseRunQueue } from './run-queue.js';
import { RunSignals } from './run-signals.js';
import { RunStates } from './run-states.js';
import type { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';
import { TurnRepository } from './turns/turn.repository.js';
import { WaitingRoom } from './waiting-room.js';
import { HeldWorkspaces } from './workspaces/held-workspaces.js';

vi.setConfig({ testTimeout: 60_000 });
afterAll(removeTemporaryDirectories);

describeRunQueue('the database', () => open());

const REQUEST = { command: ['true'], env: {}, secrets: {} };

const FAILED = {
  status: 'failed',
  exitCode: 1,
  reason: 'exit_code',
  message: null,
} as const satisfies RunOutcome;

/** Stands still but for what a test lets pass. */
class MovableClock extends SystemClock {
  passed = 0;
  override monotonicMs(): number {
    return this.passed;
  }
}

async function open(root?: string): Promise<QueueUnderTest> {
  const db = await openAuditedDatabase(root === undefined ? {} : { root });
  const { transactions } = db;
  const clock = new MovableClock();
  const runs = new RunRepository(db.read);
  const turns = new TurnRepository(db.read);
  const states = new RunStates(runs, turns, clock);
  const settings = { runs: { maxQueued: 1_000_000 } } as Settings;
  const admission = new RunAdmission(settings, runs, turns, clock);
  const held = new HeldWorkspaces();
  const room = new WaitingRoom(clock);
  const signals = new RunSignals(new RunChanges(), new LocalCancelSignal());
  const leftovers = new Leftovers(signals);
  const obstacles = new LineObstacles(held, room, leftovers);
  const closing = new RunClosing(states, new Metrics());
  const cancellation = new RunCancellation(transactions, runs, closing, signals, clock);
  const add = (issues: readonly string[], keepAlive: boolean) =>
    transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const ids: string[] = [];
      for (const issue of issues) {
        const run = await admission.run(tx, { issue, request: REQUEST, keepAlive });
        ids.push(run.id);
      }
      return ids;
    });
  const change = (id: string, work: (tx: Transaction, run: RunEntity) => Promise<unknown>) =>
    transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const run = await runs.findIn(tx.manager, id);
      if (run === null) throw new Error(`there is no run ${id}`);
      await work(tx, run);
    });
  return {
    queue: new DatabaseRunQueue(transactions, runs, turns, states, room, obstacles),
    add: (issues) => add(issues, false),
    addKept: (issues) => add(issues, true),
    addTurn: (id, command) =>
      change(id, (tx, run) => admission.turn(tx, run, { ...REQUEST, command })),
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
