import { Injectable } from '@nestjs/common';

import { decodeCursor, encodeCursor, invalidCursor, type Page } from '../http/pagination.js';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import { ID_PATTERN } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import { DataDiskFloor } from './data-disk-floor.js';
import type { IdempotentRequest } from './idempotency.js';
import { ChangeWaiter } from './run-changes.js';
import { Places } from './places.js';
import { RunCancellation } from './run-cancellation.js';
import { RunIntake, type BesideRun, type CreatedRun } from './run-intake.js';
import type { UncheckedRunRequest } from './run-request-validation.js';
import { RunSignals } from './run-signals.js';
import { isFinal, type RunStatus } from './run-status.js';
import type { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';
import { SharedLook } from './shared-look.js';

export interface RunListQuery {
  issue?: string | undefined;
  status?: RunStatus | undefined;
  cursor?: string | undefined;
  limit: number;
}

/** Who waits. */
export interface Waiting {
  /** Fires when the client has gone. */
  readonly gone: AbortSignal;
  readonly clientAddress: string;
}

/** For what a client waits, and for how long. */
export interface Wait extends Waiting {
  seconds: number;
  over: (run: RunEntity) => boolean;
}

/** Clients that wait for the end of a run; each holds a connection. */
const MOST_WAITING = 1000;

/** What clients do with runs. Executing them is the dispatcher's. */
@Injectable()
export class RunsService {
  readonly #waiting = new Places(MOST_WAITING);
  readonly #looks = new SharedLook((id: string) => this.runs.find(id));

  constructor(
    private readonly runs: RunRepository,
    private readonly intake: RunIntake,
    private readonly cancellation: RunCancellation,
    private readonly signals: RunSignals,
    private readonly clock: Clock,
    private readonly floor: DataDiskFloor,
  ) {}

  /** As `RunIntake.create`, and tells the dispatcher. @throws DomainError `disk_low` too */
  async create(
    issue: string,
    body: UncheckedRunRequest,
    origin: Origin,
    idempotent: IdempotentRequest | null,
    beside?: BesideRun,
  ): Promise<CreatedRun> {
    await this.floor.assertRoom();
    const created = await this.intake.create(issue, body, origin, idempotent, beside);
    if (!created.replayed) this.signals.queued();
    return created;
  }

  /** Whether such a run would be taken now, but for the room in the line. @throws DomainError as `create` */
  async assertCreatable(body: UncheckedRunRequest): Promise<void> {
    await this.floor.assertRoom();
    await this.intake.check(body);
  }

  /** @throws DomainError `run_not_found` */
  async get(id: string, looks?: SharedLook<RunEntity | null>): Promise<RunEntity> {
    const look = async () => (looks === undefined ? this.runs.find(id) : looks.at(id));
    const run = ID_PATTERN.test(id) ? await look() : null;
    if (run === null) throw new DomainError('run_not_found', 'There is no run with this id');
    return run;
  }

  /**
   * As `get`, but waits until the run has finished or waits for a turn to be asked for, for that many
   * seconds, or until `gone` fires.
   *
   * @throws DomainError `too_many_streams` where too many wait.
   */
  getFinished(id: string, seconds: number, waiting: Waiting): Promise<RunEntity> {
    return this.getWhen(id, { ...waiting, seconds, over: isOver });
  }

  /** As `getFinished`, until something else is true of the run. */
  async getWhen(id: string, { seconds, gone, clientAddress, over }: Wait): Promise<RunEntity> {
    if (seconds === 0) return this.get(id);
    const leave = this.#waiting.take(clientAddress);
    const deadline = this.clock.monotonicMs() + seconds * 1000;
    const waiter = new ChangeWaiter(this.signals.changes, id);
    gone.addEventListener('abort', () => waiter.poke());
    try {
      for (;;) {
        const run = await this.get(id, this.#looks);
        const left = deadline - this.clock.monotonicMs();
        if (over(run) || left <= 0 || this.signals.stopping || gone.aborted) return run;
        await waiter.wait(Math.min(left, 5000));
        // Where a thousand hang up at once, none of them needs another look.
        if (gone.aborted) return run;
      }
    } finally {
      waiter.close();
      leave();
    }
  }

  /** The runs of the issue that have not finished, and those of `ids`. */
  async unfinished(issue: string, ids: readonly string[]): Promise<string[]> {
    return this.runs.unfinishedOf(issue, ids);
  }

  /** Newest first. */
  async list(query: RunListQuery): Promise<Page<RunEntity>> {
    const before = query.cursor === undefined ? undefined : runCursor(query.cursor);
    const { runs, more } = await this.runs.list({ ...query, before }, query.limit);
    const last = runs.at(-1);
    return { items: runs, nextCursor: more && last !== undefined ? encodeCursor([last.id]) : null };
  }

  /**
   * As `RunCancellation.cancel`.
   *
   * @throws DomainError `run_not_found`, `run_finished`
   */
  async cancel(id: string, origin: Origin): Promise<RunEntity> {
    await this.get(id);
    return this.cancellation.cancel(id, origin);
  }
}

/** Nothing of it is executed or waits for it: it has finished, or waits for a turn to be asked for. */
export function isOver({ status, idleSince }: RunEntity): boolean {
  return isFinal(status) || idleSince !== null;
}

function runCursor(cursor: string): string {
  const [id] = decodeCursor(cursor);
  if (typeof id === 'string' && ID_PATTERN.test(id)) return id;
  throw invalidCursor();
}
