import { Injectable, Logger } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import { WorkspaceUnusableError } from '../workspaces/workspaces.service.js';
import { CommandLostError, type AdoptableRun } from './adoption/adoptable-run.js';
import { explain } from './explain.js';
import { NoLongerOpenError } from './network-gate.js';
import { isPassing, waitingFor } from './passing-fault.js';
import { brokeOff, decideOutcome, type CommandEnd, type RunOutcome } from './run-outcome.js';
import type { RunSession } from './run-session.js';
import type { WaitingReason } from './run-view.js';
import { NeverBegunError, NotCommittedError } from './steps/begin.step.js';
import { ConductStep, LeftRunningError } from './steps/conduct.step.js';
import { PrepareStep, type PreparedRun } from './steps/prepare.step.js';

/** Nothing of the turn has happened, and it can be tried again. */
export class PutBack {
  constructor(readonly reason?: WaitingReason) {}
}

/** A turn broke off: where it is no agent's that may be started again, this is how it ended. */
export class BrokenOff {
  constructor(
    readonly outcome: RunOutcome,
    /** Milliseconds of the turn's time. */
    readonly ranMs: number,
  ) {}
}

export type TurnResult = RunOutcome | PutBack | BrokenOff;

/** Takes a turn from its sandbox to how it ended, or to what keeps it from beginning. */
@Injectable()
export class TurnWork {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly prepare: PrepareStep,
    private readonly conduct: ConductStep,
  ) {}

  /** From the beginning: a sandbox is made, and the turn begins in it. */
  async begin(session: RunSession): Promise<TurnResult> {
    let prepared: PreparedRun;
    try {
      prepared = await this.prepare.run(session);
    } catch (error) {
      if (!isPassing(error)) return this.#failed(session, error);
      return this.#putBack(session, error);
    }
    try {
      return decided(await this.conduct.run(session, prepared));
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

  /** A turn that an earlier process began. @throws LeftRunningError */
  async goOn(session: RunSession, adoptable: AdoptableRun): Promise<TurnResult> {
    try {
      return decided(await this.conduct.adopt(session, adoptable));
    } catch (error) {
      if (error instanceof CommandLostError) return new BrokenOff(error.outcome, 0);
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
}

function decided(end: CommandEnd): RunOutcome | BrokenOff {
  const outcome = decideOutcome(end);
  return brokeOff(end) ? new BrokenOff(outcome, end.agent?.ranMs ?? 0) : outcome;
}

function neverBegun(session: RunSession): RunOutcome | PutBack {
  const { endedBy, leaving } = session;
  if (endedBy === 'service_stopped' || (endedBy === null && leaving.aborted)) return new PutBack();
  return { status: 'cancelled', exitCode: null, reason: 'cancelled', message: null };
}

function failure(reason: string, message: string): RunOutcome {
  return { status: 'failed', exitCode: null, reason, message };
}
