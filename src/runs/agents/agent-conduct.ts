import { Injectable, Logger } from '@nestjs/common';

import { LiveSettings } from '../../config/live-settings.js';
import { Clock } from '../../kernel/clock.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import type { EffectivePolicy } from '../../sandbox/policy.js';
import { pastFaults } from '../passing-fault.js';
import type { RunSession } from '../run-session.js';
import type { RunningCommand } from '../running-command.js';
import type { AgentAttempt } from './agent-attempt.js';
import { AgentRunRepository } from './agent-run.repository.js';
import { DrivenAgent } from './driven-agent.js';
import type { AgentDesk, AgentTurn, AgentVerdict } from './turn-driver.js';

const MOST_MEMORY_BYTES = 64 * 1024;
const MOST_MESSAGE_LENGTH = 2000;
/** What a client may compare reasons with. */
const REASON = /^[a-z][a-z0-9_]{0,63}$/;

const DRIVER_FAILED: AgentVerdict = {
  status: 'failed',
  reason: 'agent_driver_failed',
  message: 'The agent could not be led on; the service’s log says why.',
};

/** What of a turn is known before it runs, and again to another process that takes it over. */
export interface TurnPlace {
  readonly policy: EffectivePolicy;
  readonly routes: Readonly<Record<string, string>>;
}

/** The turn of a session as its agent's driver is told of it. */
export function agentTurn(
  { run, request: given }: RunSession,
  { request, number, memory }: AgentAttempt,
  { policy, routes }: TurnPlace,
): AgentTurn {
  const { id, issue, turn } = run;
  const compaction = given.compaction === true;
  const of = { runId: id, issue, turn, attempt: number };
  return { ...of, agent: request, compaction, policy, routes, memory };
}

/** Brings agents and their drivers together. */
@Injectable()
export class AgentConduct {
  readonly #logger = new Logger('Agents');

  constructor(
    private readonly agents: AgentRunRepository,
    private readonly transactions: Transactions,
    private readonly settings: LiveSettings,
    private readonly clock: Clock,
  ) {}

  /**
   * Lets its driver lead what begins in the sandbox, or has begun there. `null` for a command, and for
   * an agent whose output may not be shown, since nobody could tell what in it is a secret.
   */
  drive(session: RunSession, command: RunningCommand): DrivenAgent | null {
    const { agent: attempt, run } = session;
    const { sandbox, agentTurn: turn } = command;
    if (attempt === null || turn === null || command.output === null) return null;
    const agent = new DrivenAgent(session, {
      reader: attempt.driver.reader(),
      stallSeconds: this.settings.codex.agent.stallSeconds,
      printedUntil: command.printedUntil,
      begun: sandbox.begun,
      input: attempt.driver.launch(turn).input === undefined ? sandbox.input : null,
      onReaderFailure: (error) =>
        this.#logger.error(`run ${run.id}: a line of its agent could not be read`, error),
    });
    void this.#conduct(session, { attempt, turn, agent });
    return agent;
  }

  async #conduct(
    session: RunSession,
    { attempt, turn, agent }: { attempt: AgentAttempt; turn: AgentTurn; agent: DrivenAgent },
  ): Promise<void> {
    const desk = this.#desk(session, agent);
    try {
      agent.conclude(shown(agent, await attempt.driver.conduct(turn, agent, desk)));
    } catch (error) {
      if (session.leaving.aborted) return agent.letGo();
      this.#logger.error(`run ${session.run.id}: the driver of its agent failed`, error);
      agent.conclude(DRIVER_FAILED);
    }
  }

  #desk(session: RunSession, agent: DrivenAgent): AgentDesk {
    return {
      remember: (memory) => this.#remember(session, agent, memory),
      tell: (event) => agent.tell(event, this.clock.now()),
      masked: (text) => agent.masked(text),
    };
  }

  /** It is kept in plain text, and given to a later turn, which may have other secrets. */
  async #remember(session: RunSession, agent: DrivenAgent, memory: string): Promise<void> {
    const { run } = session;
    const problem =
      agent.masked(memory) !== memory
        ? 'it holds the value of a secret'
        : Buffer.byteLength(memory) > MOST_MEMORY_BYTES
          ? `it is longer than ${MOST_MEMORY_BYTES} bytes`
          : null;
    if (problem !== null) {
      this.#logger.warn(`run ${run.id}: what its agent would remember is not kept: ${problem}`);
      const text = `What the agent would remember is not kept: ${problem}.`;
      return agent.tell({ type: 'notice', text }, this.clock.now());
    }
    await pastFaults(
      session.leaving,
      () =>
        this.transactions.run(SYSTEM_ORIGIN, ({ manager }) =>
          this.agents.remember(manager, run.id, memory),
        ),
      (error) => this.#logger.warn(`run ${run.id}: its memory cannot be stored yet`, error),
    );
  }
}

/** What an agent says of its end is shown to everybody who may read the run. */
function shown(
  agent: DrivenAgent,
  { status, reason, message, resumable }: AgentVerdict,
): AgentVerdict {
  const known = reason === null || REASON.test(reason) ? reason : 'agent_failed';
  return {
    status,
    reason: known ?? (status === 'failed' ? 'agent_failed' : null),
    message: message && agent.masked(message).slice(0, MOST_MESSAGE_LENGTH),
    ...(resumable && { resumable }),
  };
}
