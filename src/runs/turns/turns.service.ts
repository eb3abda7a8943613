import { Injectable } from '@nestjs/common';

import { decodeCursor, encodeCursor, invalidCursor, type Page } from '../../http/pagination.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Origin } from '../../kernel/origin.js';
import { RunSignals } from '../run-signals.js';
import { isFinal } from '../run-status.js';
import type { RunEntity } from '../run.entity.js';
import { RunsService, isOver, type Wait } from '../runs.service.js';
import { TurnIntake } from './turn-intake.js';
import type { UncheckedTurnRequest } from './turn-request-validation.js';
import type { TurnEntity } from './turn.entity.js';
import { TurnRepository } from './turn.repository.js';

/** A turn with the run that it is of. */
export interface TurnOfRun {
  run: RunEntity;
  turn: TurnEntity;
}

/** What clients do with the turns of a run. */
@Injectable()
export class TurnsService {
  constructor(
    private readonly runs: RunsService,
    private readonly turns: TurnRepository,
    private readonly intake: TurnIntake,
    private readonly signals: RunSignals,
  ) {}

  /** As `TurnIntake.create`, and tells the dispatcher. @throws DomainError `run_not_found` too */
  async create(runId: string, body: UncheckedTurnRequest, origin: Origin): Promise<TurnOfRun> {
    const run = await this.runs.get(runId);
    return this.#queued(run, await this.intake.create(run, body, origin));
  }

  /** As `TurnIntake.createCompaction`, likewise. @throws DomainError `run_not_found` too */
  async compact(runId: string, origin: Origin): Promise<TurnOfRun> {
    const run = await this.runs.get(runId);
    return this.#queued(run, await this.intake.createCompaction(run, origin));
  }

  #queued(run: RunEntity, turn: TurnEntity): TurnOfRun {
    this.signals.queued();
    this.signals.changes.notify(run.id);
    return { run, turn };
  }

  /**
   * As `get`, but waits until the turn is over, for that many seconds, or until `gone` fires.
   *
   * @throws DomainError `too_many_streams` where too many wait.
   */
  async getOver(runId: string, number: number, wait: Omit<Wait, 'over'>): Promise<TurnOfRun> {
    const now = await this.get(runId, number);
    if (isFinal(now.turn.status) || wait.seconds === 0) return now;
    await this.runs.getWhen(runId, { ...wait, over: (run) => run.turn > number || isOver(run) });
    return this.get(runId, number);
  }

  /** @throws DomainError `run_not_found`, `turn_not_found` */
  async get(runId: string, number: number): Promise<TurnOfRun> {
    const run = await this.runs.get(runId);
    const turn = await this.turns.find(runId, number);
    if (turn !== null) return { run, turn };
    throw new DomainError('turn_not_found', 'The run has no turn with this number');
  }

  /**
   * JSON of the report of a turn's sandbox, or of the current one's; `null` where it has none yet.
   *
   * @throws as `get`
   */
  async sandboxReport(runId: string, number?: number): Promise<string | null> {
    const run = await this.runs.get(runId);
    if (number === undefined || number === run.turn) return run.sandboxReport;
    const { turn } = await this.get(runId, number);
    return turn.sandboxReport;
  }

  /** In their order. @throws DomainError `run_not_found`, `invalid_cursor` */
  async list(
    runId: string,
    { cursor, limit }: { cursor?: string | undefined; limit: number },
  ): Promise<Page<TurnOfRun>> {
    const run = await this.runs.get(runId);
    const after = cursor === undefined ? 0 : numberOf(cursor);
    const { turns, more } = await this.turns.list(runId, after, limit);
    const last = turns.at(-1);
    return {
      items: turns.map((turn) => ({ run, turn })),
      nextCursor: more && last !== undefined ? encodeCursor([last.number]) : null,
    };
  }
}

function numberOf(cursor: string): number {
  const [number] = decodeCursor(cursor);
  if (Number.isSafeInteger(number)) return number as number;
  throw invalidCursor();
}
