import { Injectable } from '@nestjs/common';

import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Metrics } from '../../metrics/metrics.js';
import { Transactions, type AuditDraft } from '../../persistence/transactions.js';
import type { RunOutcome } from '../run-outcome.js';
import type { RunEntity } from '../run.entity.js';
import type { RunSession } from '../run-session.js';
import { RunSignals } from '../run-signals.js';
import { RunStates } from '../run-states.js';
import { RunRepository } from '../run.repository.js';
import { GiveBack } from './give-back.js';

/**
 * The end of a turn: its outcome is stored, then its sandbox removed, and only then is the run final,
 * or idle where it is kept alive.
 */
@Injectable()
export class FinishStep {
  constructor(
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly states: RunStates,
    private readonly back: GiveBack,
    private readonly signals: RunSignals,
    private readonly metrics: Metrics,
  ) {}

  async run(session: RunSession, outcome: RunOutcome): Promise<void> {
    const { id } = session.run;
    await this.transactions.run(SYSTEM_ORIGIN, ({ manager }) =>
      this.states.keepOutcome(manager, id, outcome),
    );
    await this.giveBack(session);
    await this.close(id, outcome);
  }

  /** Makes a stored outcome the turn's, and the run's where it ends with it. */
  async close(id: string, outcome: RunOutcome): Promise<void> {
    const ended = await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const run = await this.runs.findIn(tx.manager, id);
      if (run === null) return null;
      const became = await this.states.endTurn(tx.manager, run, outcome);
      tx.audit(endedRow(run, outcome, became));
      return { run, became };
    });
    if (ended === null) return;
    this.#count(ended.run, outcome);
    if (ended.became === 'idle') this.signals.idle();
    else this.metrics.runs.inc({ status: outcome.status });
  }

  /** As `GiveBack.run`. */
  giveBack(session: RunSession): Promise<boolean> {
    return this.back.run(session);
  }

  #count({ preparingAt, runningAt, endedAt }: RunEntity, { status }: RunOutcome): void {
    this.metrics.turns.inc({ status });
    if (runningAt === null || preparingAt === null) return;
    this.metrics.runStart.observe(Math.max(0, runningAt - preparingAt) / 1000);
    this.metrics.runDuration.observe(Math.max(0, (endedAt ?? runningAt) - runningAt) / 1000);
  }
}

function endedRow(
  { id, issue, turn }: RunEntity,
  { status, exitCode, reason }: RunOutcome,
  became: 'idle' | 'final',
): AuditDraft {
  const details = { issue, status, exitCode, reason };
  return became === 'final'
    ? { action: 'run.finished', target: id, details }
    : { action: 'run.turn_finished', target: id, details: { ...details, turn } };
}
