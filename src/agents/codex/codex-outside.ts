import { Injectable } from '@nestjs/common';

import { LiveSettings } from '../../config/live-settings.js';
import type { AgentTurn } from '../../runs/agents/turn-driver.js';
import { RunUsages } from '../../runs/usage/run-usages.js';
import { Approvals, type Decision } from '../approvals/approvals.service.js';
import { LiveTurns } from '../live-turns.js';
import { Outside, type CountedUsage, type TurnControls } from './outside.js';
import type { ReadQuestion } from './question.js';
import { costMicros, passedLimit } from './spending.js';
import type { Interruption } from './verdict.js';

/** What surrounds a turn of Codex in this service: usage and its limits, approvals, people. */
@Injectable()
export class CodexOutside extends Outside {
  constructor(
    private readonly settings: LiveSettings,
    private readonly usages: RunUsages,
    private readonly approvals: Approvals,
    private readonly live: LiveTurns,
  ) {
    super();
  }

  async allowance({ runId }: AgentTurn): Promise<Interruption | null> {
    return passedLimit(await this.usages.spent(runId), this.#agent.limits);
  }

  async count({ runId }: AgentTurn, usage: CountedUsage): Promise<Interruption | null> {
    const { threadId, model, ...total } = usage;
    const { prices, limits } = this.#agent;
    const price = model !== null && Object.hasOwn(prices, model) ? prices[model] : undefined;
    const spent = await this.usages.count(runId, {
      threadId,
      total,
      costMicrosOf: (tokens) => (price === undefined ? null : costMicros(tokens, price)),
    });
    return passedLimit(spent, limits);
  }

  decide({ runId, turn }: AgentTurn, question: ReadQuestion, gone: AbortSignal): Promise<Decision> {
    return this.approvals.ask({ runId, turn, ...question }, gone);
  }

  over({ runId, turn }: AgentTurn): Promise<void> {
    return this.approvals.withdraw(runId, turn);
  }

  present({ runId, turn }: AgentTurn, controls: TurnControls): () => void {
    return this.live.present(runId, turn, controls);
  }

  get #agent() {
    return this.settings.codex.agent;
  }
}
