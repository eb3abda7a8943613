import { Injectable, type OnModuleInit } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import { continueAfter, newId } from '../kernel/ids.js';
import type { Transaction } from '../persistence/transactions.js';
import type { RunRequest } from './run-request.js';
import { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';
import { FIRST_TURN, type TurnRequest } from './turns/turn-request.js';
import { TurnEntity } from './turns/turn.entity.js';
import { TurnRepository } from './turns/turn.repository.js';

/** A run that is to be queued; its request was checked. */
export interface AdmittedRun {
  issue: string;
  request: RunRequest;
  keepAlive: boolean;
}

/** What the row of a run holds of a turn that has not begun. */
const UNBEGUN = {
  exitCode: null,
  reason: null,
  message: null,
  preparingAt: null,
  runningAt: null,
  endedAt: null,
  containerId: null,
  outcome: null,
  sandboxReport: null,
  idleSince: null,
  idleMoment: null,
};

/** The way into the line of waiting turns. */
@Injectable()
export class RunAdmission implements OnModuleInit {
  constructor(
    private readonly settings: Settings,
    private readonly runs: RunRepository,
    private readonly turns: TurnRepository,
    private readonly clock: Clock,
  ) {}

  /** The order of ids is the line's, whatever became of the clock since the last process. */
  async onModuleInit(): Promise<void> {
    const newest = await this.turns.newest();
    if (newest !== null) continueAfter(newest);
  }

  /**
   * A run whose first turn waits behind all that wait.
   *
   * @throws DomainError `queue_full`
   */
  async run(tx: Transaction, admitted: AdmittedRun): Promise<RunEntity> {
    await this.#assertRoom(tx);
    const run = this.#queuedRun(tx, admitted);
    await this.runs.insert(tx.manager, run);
    await this.turns.insert(tx.manager, this.#queuedTurn(tx, run, { id: run.id, request: null }));
    return run;
  }

  /**
   * The next turn of an idle run, behind all that wait. The run's row is the new turn's from then on.
   *
   * @throws DomainError `queue_full`
   */
  async turn(tx: Transaction, run: RunEntity, request: TurnRequest): Promise<TurnEntity> {
    await this.#assertRoom(tx);
    await this.turns.update(tx.manager, run, { sandboxReport: run.sandboxReport });
    const changes = { ...UNBEGUN, turn: run.turn + 1 };
    await this.runs.update(tx.manager, run.id, changes);
    const own = { id: newId(), request: JSON.stringify(request) };
    const turn = this.#queuedTurn(tx, { id: run.id, turn: changes.turn }, own);
    await this.turns.insert(tx.manager, turn);
    return turn;
  }

  async #assertRoom({ manager }: Transaction): Promise<void> {
    const { maxQueued } = this.settings.runs;
    if (!(await this.turns.lineHolds(manager, maxQueued))) return;
    throw new DomainError(
      'queue_full',
      `As many runs wait as may (runs.maxQueued, ${maxQueued}); try again when some have finished`,
      { retryAfterSeconds: 30 },
    );
  }

  #queuedRun({ origin }: Transaction, { issue, request, keepAlive }: AdmittedRun): RunEntity {
    return Object.assign(new RunEntity(), {
      id: newId(),
      issue,
      status: 'queued' as const,
      request: JSON.stringify(request),
      actor: origin.actor,
      requestId: origin.requestId,
      createdAt: this.clock.now(),
      finishedAt: null,
      cancelRequestedAt: null,
      keepAlive,
      turn: FIRST_TURN,
      usage: null,
      usedTokens: null,
      usedCostMicros: null,
      ...UNBEGUN,
    });
  }

  #queuedTurn(
    { origin }: Transaction,
    run: Pick<RunEntity, 'id' | 'turn'>,
    { id, request }: Pick<TurnEntity, 'id' | 'request'>,
  ): TurnEntity {
    return Object.assign(new TurnEntity(), {
      id,
      runId: run.id,
      number: run.turn,
      status: 'queued' as const,
      request,
      actor: origin.actor,
      requestId: origin.requestId,
      createdAt: this.clock.now(),
      runningAt: null,
      endedAt: null,
      exitCode: null,
      reason: null,
      message: null,
      sandboxReport: null,
    });
  }
}
