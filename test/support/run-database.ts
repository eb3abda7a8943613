import type { Settings } from '../../src/config/settings.js';
import { SystemClock, type Clock } from '../../src/kernel/clock.js';
import { SYSTEM_ORIGIN } from '../../src/kernel/origin.js';
import { Metrics } from '../../src/metrics/metrics.js';
import type { Transaction } from '../../src/persistence/transactions.js';
import { LocalCancelSignal } from '../../src/runs/cancel-signal.js';
import { RunAdmission } from '../../src/runs/run-admission.js';
import { RunChanges } from '../../src/runs/run-changes.js';
import { RunClosing } from '../../src/runs/run-closing.js';
import { RunListeners } from '../../src/runs/run-listener.js';
import type { RunOutcome } from '../../src/runs/run-outcome.js';
import type { RunRequest } from '../../src/runs/run-request.js';
import { RunSignals } from '../../src/runs/run-signals.js';
import { RunStates, type BegunTurn } from '../../src/runs/run-states.js';
import type { RunEntity } from '../../src/runs/run.entity.js';
import { RunRepository } from '../../src/runs/run.repository.js';
import { TurnRepository } from '../../src/runs/turns/turn.repository.js';
import { openAuditedDatabase } from './audited-database.js';

export const REQUEST: RunRequest = { command: ['true'], env: {}, secrets: {} };

export const FAILED = {
  status: 'failed',
  exitCode: 1,
  reason: 'exit_code',
  message: null,
} as const satisfies RunOutcome;

/** What a turn is begun with. */
export function begunTurn(runId: string, sandboxReport = '{}'): BegunTurn {
  const nonce = '0'.repeat(32);
  const command = { runId, nonce, place: '{}', limits: '{}', begun: null, maskedValues: null };
  return { runningAt: 5, containerId: 'c1', sandboxReport, command };
}

/** A temporary database with what keeps runs in it, wired as `RunsModule` wires it. */
export async function openRunDatabase(root?: string, clock: Clock = new SystemClock()) {
  const db = await openAuditedDatabase(root === undefined ? {} : { root });
  const { transactions } = db;
  const runs = new RunRepository(db.read);
  const turns = new TurnRepository(db.read);
  const listeners = new RunListeners();
  const states = new RunStates(runs, turns, clock, listeners);
  const settings = { runs: { maxQueued: 1_000_000 } } as Settings;
  const admission = new RunAdmission(settings, runs, turns, clock);
  const change = (id: string, work: (tx: Transaction, run: RunEntity) => Promise<unknown>) =>
    transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const run = await runs.findIn(tx.manager, id);
      if (run === null) throw new Error(`there is no run ${id}`);
      await work(tx, run);
    });
  return {
    db,
    transactions,
    runs,
    turns,
    states,
    listeners,
    signals: new RunSignals(new RunChanges(), new LocalCancelSignal()),
    closing: new RunClosing(states, new Metrics()),
    /** Does something to the row of a run, as it is inside the transaction. */
    change,
    /** Queues runs; the ids, in the order of the issues. */
    add: (issues: readonly string[], keepAlive = false, request = REQUEST) =>
      transactions.run(SYSTEM_ORIGIN, async (tx) => {
        const ids: string[] = [];
        for (const issue of issues) {
          ids.push((await admission.run(tx, { issue, request, keepAlive })).id);
        }
        return ids;
      }),
    /** Asks an idle run for its next turn. */
    addTurn: (id: string, command: string[] = ['true']) =>
      change(id, (tx, run) => admission.turn(tx, run, { ...REQUEST, command })),
    /** A turn of a kept-alive run from its taking to its end. */
    passTurn: (id: string, outcome: RunOutcome = FAILED) =>
      change(id, async ({ manager }, run) => {
        await states.prepare(manager, run);
        await states.begin(manager, run, begunTurn(run.id));
        await states.endTurn(manager, run, outcome);
      }),
  };
}
