import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { DomainError } from '../../kernel/domain-error.js';
import { AgentAttempts } from '../agents/agent-attempts.js';
import { agentTurn } from '../agents/agent-conduct.js';
import type { AgentTurn } from '../agents/turn-driver.js';
import { explain } from '../explain.js';
import type { RunSession } from '../run-session.js';
import { policyOfTurn } from '../turns/turn-policy.js';
import { CommandLostError } from './adoptable-run.js';

/** Agents that an earlier process began. */
@Injectable()
export class AdoptedAgents {
  constructor(
    private readonly attempts: AgentAttempts,
    private readonly settings: Settings,
  ) {}

  /**
   * The turn as the driver was told of it before; `null` for a command.
   *
   * @throws CommandLostError where the operator's settings have no such agent any more, or would not
   *   have given it its sandbox
   */
  async takeOver(session: RunSession): Promise<AgentTurn | null> {
    const { request, run } = session;
    if (request.agent === undefined) return null;
    try {
      const policy = policyOfTurn(this.settings, this.attempts.withRoutes(request));
      session.agent = await this.attempts.current(run, request.agent);
      return agentTurn(session, session.agent, { policy, routes: {} });
    } catch (error) {
      const ours = error instanceof DomainError && !error.code.startsWith('storage_');
      if (!ours) throw error;
      const message = explain(error);
      throw new CommandLostError({ status: 'lost', exitCode: null, reason: error.code, message });
    }
  }
}
