import { afterAll, vi } from 'vitest';

import { openAuditedDatabase } from '../../test/support/audited-database.js';
import { describeRunQueue, type QueueUnderTest } from '../../test/support/run-queue-contract.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import { SystemClock } from '../kernel/clock.js';
import { newId } from '../kernel/ids.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { LocalCancelSignal } from './cancel-signal.js';
import type { DataDiskFloor } from './data-disk-floor.js';
import { RunChanges } from './run-changes.js';
import { DatabaseRunQueue } from './run-queue.js';
import { RunSignals } from './run-signals.js';
import { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';
import type { RunIntake } from './run-intake.js';
import { RunsService } from './runs.service.js';
import { WaitingRoom } from './waiting-room.js';
import { HeldWorkspaces } from './workspaces/held-workspaces.js';

vi.setConfig({ testTimeout: 60_000 });
afterAll(removeTemporaryDirectories);

describeRunQueue('the database', () => open());

/** A request has far more; SQLite takes so many values in one statement. */
const ROWS_AT_ONCE = 500;

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
  const held = new HeldWorkspaces();
  const signals = new RunSignals(new RunChanges(), new LocalCancelSignal());
  const floor = {} as DataDiskFloor;
  const service = new RunsService(transactions, runs, {} as RunIntake, signals, clock, floor);
  return {
    queue: new DatabaseRunQueue(transactions, runs, held, new WaitingRoom(clock), clock),
    async add(issues) {
      const rows = issues.map((issue) => queued(issue));
      await transactions.run(SYSTEM_ORIGIN, async ({ manager }) => {
        for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
          await manager.insert(RunEntity, rows.slice(at, at + ROWS_AT_ONCE));
        }
      });
      return rows.map(({ id }) => id);
    },
    async cancel(id) {
      const { status } = await service.cancel(id, SYSTEM_ORIGIN);
      if (status !== 'cancelled') throw new Error(`it was ${status}`);
    },
    async finish(id) {
      await transactions.run(SYSTEM_ORIGIN, async ({ manager }) => {
        await runs.transition(manager, id, 'failed', { finishedAt: clock.now() });
      });
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

function queued(issue: string): RunEntity {
  const absent = [
    'requestId',
    'exitCode',
    'reason',
    'message',
    'preparingAt',
    'runningAt',
    'endedAt',
    'finishedAt',
    'cancelRequestedAt',
    'containerId',
    'outcome',
    'sandboxReport',
  ];
  return Object.assign(new RunEntity(), Object.fromEntries(absent.map((name) => [name, null])), {
    id: newId(),
    issue,
    status: 'queued' as const,
    request: JSON.stringify({ command: ['true'], env: {}, secrets: {} }),
    actor: 'loopback',
    createdAt: Date.now(),
  });
}
