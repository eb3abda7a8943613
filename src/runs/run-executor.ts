import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable, Logger } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { DomainError } from '../kernel/domain-error.js';
import type { AdoptableRun } from './adoption/adoptable-run.js';
import { AgentAttempts } from './agents/agent-attempts.js';
import { CANCELLED } from './run-closing.js';
import type { RunOutcome } from './run-outcome.js';
import { RunQueue, type TakenRun } from './run-queue.js';
import type { RunRequest } from './run-request.js';
import { RunSession } from './run-session.js';
import { RunSignals } from './run-signals.js';
import { LeftRunningError } from './steps/conduct.step.js';
import { FinishStep } from './steps/finish.step.js';
import { BrokenOff, PutBack, TurnWork, type TurnResult } from './turn-work.js';
import { requestOfTurn } from './turns/turn-request.js';

/** What became of an attempt: the turn is over, it waits in the line again, or its command runs on. */
export type Execution = 'finished' | 'put-back' | 'left';

const STORAGE_RETRY_MS = 1000;

/** Takes one turn of a run through its steps. */
@Injectable()
export class RunExecutor {
  readonly #logger = new Logger('Runs');
  readonly #sessions = new Set<RunSession>();
  #stopping = false;

  constructor(
    private readonly work: TurnWork,
    private readonly finish: FinishStep,
    private readonly queue: RunQueue,
    private readonly signals: RunSignals,
    private readonly settings: Settings,
    private readonly attempts: AgentAttempts,
  ) {}

  /** Ends with the turn's outcome stored, or as `Execution` says. */
  execute(taken: TakenRun): Promise<Execution> {
    return this.#carry(taken, (session) => this.work.begin(session));
  }

  /** The same for a turn that an earlier process began. */
  adopt(adoptable: AdoptableRun): Promise<Execution> {
    return this.#carry(adoptable, (session) => this.work.goOn(session, adoptable));
  }

  /** Ends or leaves everything that runs here, because the service stops; nothing begins any more. */
  stop(): void {
    this.#stopping = true;
    for (const session of this.#sessions) this.#letGo(session);
  }

  async #carry(
    { run, own }: TakenRun,
    work: (session: RunSession) => Promise<TurnResult>,
  ): Promise<Execution> {
    const request = requestOfTurn(JSON.parse(run.request) as RunRequest, own);
    const session = new RunSession(run, request);
    this.#sessions.add(session);
    const unlisten = this.signals.cancel.onRequest(run.id, () => session.end('cancel'));
    if (this.#stopping) this.#letGo(session);
    try {
      const outcome = await this.#repeated(session, await work(session));
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

  /** Starts an agent that broke off again, as often as it may be. */
  async #repeated(session: RunSession, first: TurnResult): Promise<RunOutcome | PutBack> {
    let result = first;
    while (result instanceof BrokenOff) {
      const { ranMs, outcome } = result;
      const { id } = session.run;
      if (session.request.agent === undefined) return outcome;
      const stopped = session.endedBy !== null;
      if (stopped || !(await this.#untilStored(() => this.attempts.again(id, ranMs)))) {
        return session.endedBy === 'cancel' ? CANCELLED : lastOf(session, result);
      }
      this.#logger.warn(`run ${id}: its agent broke off and is started again`);
      const cleared = await this.finish.giveBack(session);
      this.signals.changes.notify(id);
      // It waits in the line until what is left of it is gone, or for the next start of the service.
      const mayBegin = cleared && !session.leaving.aborted;
      result = mayBegin ? await this.work.begin(session) : new PutBack();
    }
    return result;
  }

  /** A command that has not begun yet does not begin any more, whatever the operator wants. */
  #letGo(session: RunSession): void {
    if (this.settings.runs.onStop === 'leave') session.leave();
    else session.end('service_stopped');
  }

  /** A true outcome waits for a database that can be written again, for as long as the service lives. */
  async #untilStored<T>(store: () => Promise<T>): Promise<T> {
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

/** How a turn ended whose agent is not started again. */
function lastOf({ agent }: RunSession, { outcome }: BrokenOff): RunOutcome {
  const starts = agent?.number ?? 1;
  if (starts === 1) return outcome;
  const message = [outcome.message, `It was started ${starts} times.`];
  return { ...outcome, message: message.filter((text) => text !== null).join(' ') };
}
