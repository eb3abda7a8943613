import { Injectable } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { hostMoment } from '../kernel/host-moment.js';
import type { Transaction } from '../persistence/transactions.js';
import { finalRow } from './final-row.js';
import { RunListeners } from './run-listener.js';
import type { RunOutcome } from './run-outcome.js';
import type { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';
import type { RunningCommandEntity } from './running-command.entity.js';
import { FIRST_TURN } from './turns/turn-request.js';
import { TurnRepository } from './turns/turn.repository.js';

type Manager = Transaction['manager'];

/** A command that may begin, and the sandbox in which it does. */
export interface BegunTurn extends Pick<RunEntity, 'runningAt' | 'containerId' | 'sandboxReport'> {
  command: RunningCommandEntity;
  /** The turn began before, and broke off. */
  again?: boolean;
}

/**
 * The moves of a run from state to state, each with the row of its current turn. All of them are
 * done inside a transaction and throw `IllegalTransitionError` where the run is not in such a state.
 * No run starts or finishes but here, so this is where listeners are told.
 */
@Injectable()
export class RunStates {
  constructor(
    private readonly runs: RunRepository,
    private readonly turns: TurnRepository,
    private readonly clock: Clock,
    private readonly listeners: RunListeners,
  ) {}

  /** Out of the line. */
  async prepare(manager: Manager, run: RunEntity): Promise<RunEntity> {
    const preparingAt = this.clock.now();
    await this.runs.transition(manager, run.id, 'preparing', { preparingAt });
    await this.turns.update(manager, run, { status: 'preparing' });
    return Object.assign(run, { status: 'preparing' as const, preparingAt });
  }

  /** The agent of a turn that runs broke off: what is left of its sandbox goes, and it begins again. */
  async prepareAgain(manager: Manager, run: RunEntity): Promise<void> {
    const preparingAt = this.clock.now();
    const nothing = { runningAt: null, containerId: null };
    await this.runs.transition(manager, run.id, 'preparing', { preparingAt, ...nothing });
    await this.turns.update(manager, run, { status: 'preparing' });
  }

  /** Back into the line, at its old place; nothing of the turn has happened. */
  async putBack(manager: Manager, id: string): Promise<void> {
    const run = await this.runs.findIn(manager, id);
    if (run === null) throw new Error(`there is no run ${id} to put back`);
    const to = run.turn === FIRST_TURN ? 'queued' : 'idle';
    await this.runs.transition(manager, id, to, { preparingAt: null });
    await this.turns.update(manager, run, { status: 'queued' });
  }

  /** As it is inside the transaction, or `null`. */
  current(manager: Manager, id: string): Promise<RunEntity | null> {
    return this.runs.findIn(manager, id);
  }

  /** The command may begin; with what it takes to go on with it in another process. */
  async begin(
    manager: Manager,
    run: RunEntity,
    { command, again = false, ...sandbox }: BegunTurn,
  ): Promise<void> {
    await this.runs.transition(manager, run.id, 'running', sandbox);
    const { runningAt } = sandbox;
    await this.turns.update(manager, run, { status: 'running', runningAt });
    await this.runs.keepCommand(manager, command);
    if (run.turn !== FIRST_TURN || again || runningAt === null) return;
    const { id, issue } = run;
    await this.listeners.started(manager, { id, issue, startedAt: runningAt });
  }

  /** The command is over; what is left of its sandbox may still be there. */
  async keepOutcome(manager: Manager, id: string, outcome: RunOutcome): Promise<void> {
    const changes = { endedAt: this.clock.now(), outcome: JSON.stringify(outcome) };
    await this.runs.update(manager, id, changes);
  }

  /**
   * Ends the current turn. The run waits for another one where it is kept alive and nobody has
   * cancelled it, else it ends with its turn.
   */
  async endTurn(manager: Manager, run: RunEntity, outcome: RunOutcome): Promise<'idle' | 'final'> {
    if (!run.keepAlive || run.cancelRequestedAt !== null) {
      await this.end(manager, run, outcome);
      return 'final';
    }
    await this.turns.end(manager, run, outcome);
    const { exitCode, reason, message } = outcome;
    await this.runs.transition(manager, run.id, 'idle', {
      exitCode,
      reason,
      message,
      outcome: JSON.stringify(outcome),
      containerId: null,
      ...this.#idleFromNow(),
    });
    return 'idle';
  }

  /**
   * Ends the run, and with the same outcome its current turn where that is not over; sets what else
   * comes with it. Answers the run as it is then.
   */
  async end(
    manager: Manager,
    run: RunEntity,
    outcome: RunOutcome,
    more: Pick<Partial<RunEntity>, 'endedAt' | 'cancelRequestedAt'> = {},
  ): Promise<RunEntity> {
    const ended = Object.assign(run, more);
    await this.turns.end(manager, ended, outcome);
    const finishedAt = this.clock.now();
    const row = { ...more, ...finalRow(ended, outcome, finishedAt) };
    await this.runs.transition(manager, run.id, outcome.status, row);
    const { id, issue, runningAt: startedAt, endedAt } = ended;
    const finished = { id, issue, startedAt, endedAt, finishedAt, ...outcome };
    await this.listeners.finished(manager, finished);
    return Object.assign(ended, row, { status: outcome.status });
  }

  #idleFromNow(): Pick<RunEntity, 'idleSince' | 'idleMoment'> {
    const moment = hostMoment();
    return { idleSince: this.clock.now(), idleMoment: moment && JSON.stringify(moment) };
  }
}
