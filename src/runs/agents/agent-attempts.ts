import { Injectable } from '@nestjs/common';

import { LiveSettings } from '../../config/live-settings.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import type { RunRequest } from '../run-request.js';
import { RunStates } from '../run-states.js';
import type { RunEntity } from '../run.entity.js';
import type { GivenRequest } from '../turns/turn-request.js';
import type { AgentAttempt } from './agent-attempt.js';
import { driverOf, withAgentRoutes } from './agent-choice.js';
import type { AgentRequest } from './agent-request.js';
import { AgentRunRepository, placeIn } from './agent-run.repository.js';
import { TurnDrivers } from './turn-driver.js';

/** The starts of agents: which one it is, and whether there is another. */
@Injectable()
export class AgentAttempts {
  constructor(
    private readonly drivers: TurnDrivers,
    private readonly agents: AgentRunRepository,
    private readonly states: RunStates,
    private readonly transactions: Transactions,
    private readonly settings: LiveSettings,
  ) {}

  /** @throws DomainError `agent_unknown` when there is no driver of this kind any more */
  async current(run: RunEntity, request: AgentRequest): Promise<AgentAttempt> {
    const driver = driverOf(this.drivers, request);
    const row = await this.agents.find(run.id);
    const { attempt, spentMs } = placeIn(row, run.turn);
    return { driver, request, number: attempt, spentMs, memory: row?.memory ?? null };
  }

  /** The request with the credential routes that its agent needs too. */
  withRoutes(request: GivenRequest): GivenRequest {
    return withAgentRoutes(this.drivers, request);
  }

  /**
   * Puts a run whose agent broke off back to `preparing`, for its next attempt, which the turn's time
   * goes on counting; durable when it resolves. `false`, and nothing is changed, where it is no run of
   * an agent, was started as often as it may be, or was cancelled.
   */
  async again(runId: string, ranMs: number): Promise<boolean> {
    return this.transactions.run(SYSTEM_ORIGIN, async ({ manager }) => {
      const run = await this.states.current(manager, runId);
      if (run === null || run.status !== 'running' || run.cancelRequestedAt !== null) return false;
      if ((JSON.parse(run.request) as RunRequest).agent === undefined) return false;
      const { turn, attempt, spentMs } = placeIn(
        await this.agents.findIn(manager, runId),
        run.turn,
      );
      if (attempt > this.settings.codex.agent.restarts) return false;
      const next = { turn, attempt: attempt + 1, spentMs: spentMs + Math.max(0, ranMs) };
      await this.agents.place(manager, runId, next);
      await this.states.prepareAgain(manager, run);
      return true;
    });
  }
}
