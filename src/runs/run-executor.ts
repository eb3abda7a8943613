import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable, Logger } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { DomainError } from '../kernel/domain-error.js';
import { WorkspaceUnusableError } from '../workspaces/workspaces.service.js';
import { CommandLostError, type AdoptableRun } from './adoption/adoptable-run.js';
import { explain } from './explain.js';
import { NoLongerOpenError } from './network-gate.js';
import { isPassing, waitingFor } from './passing-fault.js';
import { decideOutcome, type RunOutcome } from './run-outcome.js';
import { RunQueue, type TakenRun } from './run-queue.js';
import type { RunRequest } from './run-request.js';
import type { WaitingReason } from './run-view.js';
import { RunSession } from './run-session.js';
import { RunSignals } from './run-signals.js';
import { NeverBegunError, NotCommittedError } from './steps/begin.step.js';
import { ConductStep, LeftRunningError } from './steps/conduct.step.js';
import { FinishStep } from './steps/finish.step.js';
import { PrepareStep, type PreparedRun } from './steps/prepare.step.js';
import { requestOfTurn } from './turns/turn-request.js';

/** What became of an attempt: the turn is over, it waits in the line again, or its command runs on. */
export type Execution = 'finished' | 'put-back' | 'left';

const STORAGE_RETRY_MS = 1000;

/** Nothing of the turn has happened, and it can be tried again. */
class PutBack {
  constructor(readonly reason?: WaitingReason) {}
}

/** Takes one turn of a run through its steps. */
@Injectable()
export class RunExecutor {
  readonly #logger = new Logger('Runs');
  readonly #sessions = new Set<RunSession>();
  #stopping = false;

  constructor(
    private readonly prepare: PrepareStep,
    private readonly conduct: ConductStep,
    private readonly finish: FinishStep,
    private readonly queue: RunQueue,
    private readonly signals: RunSignals,
    private readonly settings: Settings,
  ) {}

  /** Ends with the turn's outcome stored, or as `Execution` says. */
  execute(taken: TakenRun): Promise<Execution> {
    return this.#carry(taken, (session) => this.#outcome(session));
  }

  /** The same for a turn that an earlier process began. */
  adopt(adoptable: AdoptableRun): Promise<Execution> {
    return this.#carry(adoptable, (session) => this.#adopted(session, adoptable));
  }

  /** Ends or leaves everything that runs here, because the service stops; nothing begins any more. */
  stop(): void {
    this.#stopping = true;
    for (const session of this.#sessions) this.#letGo(session);
  }

  async #carry(
    { run, own }: TakenRun,
    work: (session: RunSession) => Promise<RunOutcome | PutBack>,
  ): Promise<Execution> {
    const request = requestOfTurn(JSON.parse(run.request) as RunRequest, own);
    const session = new RunSession(run, request);
    this.#sessions.add(session);
    const unlisten = this.signals.cancel.onRequest(run.id, () => session.end('cancel'));
    if (this.#stopping) this.#letGo(session);
    try {
      const outcome = await work(session);
      if (outcome instanceof PutBack) {
        await this.finish.giveBack(session);
        await this.#untilStored(() => this.queue.putBack(run.id, outcome.reason));
        return 'put-back';
      }
      await this.#untilStored(() => this.finish.run(session, outcome));
      return 'finished';
    } catch (error) {
      if (error instanceof LeftRunningError) return 'left';
      throw error;
    } finally {
      unlisten();
      this.#sessions.delete(session);
      this.signals.changes.notify(run.id);
    }
  }

  /** A command that has not begun yet does not begin any more, whatever the operator wants. */
  #letGo(session: RunSession): void {
    if (this.settings.runs.onStop === 'leave') session.leave();
    else session.end('service_stopped');
  }

  async #outcome(session: RunSession): Promise<RunOutcome | PutBack> {
    let prepared: PreparedRun;
    try {
      prepared = await this.prepare.run(session);
    } catch (error) {
      if (!isPassing(error)) return this.#failed(session, error);
      return this.#putBack(session, error);
    }
    try {
      return decideOutcome(await this.conduct.run(session, prepared));
    } catch (error) {
      if (error instanceof NeverBegunError) return neverBegun(session);
      if (error instanceof NotCommittedError) return this.#again(session, error);
      if (error instanceof LeftRunningError) throw error;
      return this.#failed(session, error);
    }
  }

  /** What came too early for a change of the settings may be tried at once. */
  #again(session: RunSession, error: NotCommittedError): RunOutcome | PutBack {
    const outdated = error.cause instanceof NoLongerOpenError && session.endedBy !== 'cancel';
    return outdated ? new PutBack() : this.#putBack(session, error);
  }

  #putBack(session: RunSession, error: unknown): RunOutcome | PutBack {
    if (session.endedBy === 'cancel') return neverBegun(session);
    this.#logger.warn(`run ${session.run.id} could not begin yet and waits again`, error);
    return new PutBack(waitingFor(error));
  }

  async #adopted(session: RunSession, adoptable: AdoptableRun): Promise<RunOutcome> {
    try {
      return decideOutcome(await this.conduct.adopt(session, adoptable));
    } catch (error) {
      if (error instanceof CommandLostError) return error.outcome;
      if (session.leaving.aborted) throw new LeftRunningError();
      return this.#failed(session, error);
    }
  }

  #failed(session: RunSession, error: unknown): RunOutcome {
    if (error instanceof DomainError) {
      this.#logger.warn(`run ${session.run.id} failed: ${error.code}`, error);
      return failure(error.code, explain(error));
    }
    if (error instanceof WorkspaceUnusableError) {
      return failure('workspace_unusable', error.message);
    }
    this.#logger.error(`run ${session.run.id} failed`, error);
    return failure('internal_error', 'The run could not be carried out; see the service’s log.');
  }

  /** A true outcome waits for a database that can be written again, for as long as the service lives. */
  async #untilStored(store: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await store();
      } catch (error) {
        const passing = error instanceof DomainError && error.code.startsWith('storage_');
        if (!passing || this.signals.stopping) throw error;
        this.#logger.error('an outcome could not be stored yet', error);
        await sleep(STORAGE_RETRY_MS);
      }
    }
  }
}

function neverBegun(session: RunSession): RunOutcome | PutBack {
  const { endedBy, leaving } = session;
  if (endedBy === 'service_stopped' || (endedBy === null && leaving.aborted)) return new PutBack();
  return { status: 'cancelled', exitCode: null, reason: 'cancelled', message: null };
}

function failure(reason: string, message: string): RunOutcome {
  return { status: 'failed', exitCode: null, reason, message };
}
