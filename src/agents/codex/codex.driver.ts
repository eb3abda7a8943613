import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { DomainError } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import { VERSION } from '../../kernel/version.js';
import type { AgentRequest } from '../../runs/agents/agent-request.js';
import {
  TurnDriver,
  type AgentDesk,
  type AgentLaunch,
  type AgentProcess,
  type AgentTurn,
  type AgentVerdict,
} from '../../runs/agents/turn-driver.js';
import { codexLaunch } from './codex-launch.js';
import { CodexReader } from './codex-reader.js';
import { Conductor } from './conductor.js';
import { Outside } from './outside.js';
import { checkRequest } from './request-bounds.js';

const INTERRUPT_GRACE_MS = 10_000;
const LONGEST_STREAM_SILENCE_MS = 300_000;

/** `kind: codex`: OpenAI's Codex through its app-server. */
@Injectable()
export class CodexDriver extends TurnDriver {
  readonly kind = 'codex';
  readonly compacts = true;

  constructor(
    private readonly settings: Settings,
    private readonly outside: Outside,
  ) {
    super();
  }

  check(agent: AgentRequest): void {
    this.#route();
    checkRequest(agent, this.#agent);
  }

  routes(): readonly string[] {
    return [this.#route()];
  }

  launch({ routes }: AgentTurn): AgentLaunch {
    const route = this.#route();
    const baseUrl = routes[route];
    if (baseUrl === undefined) throw noRoute(`the turn has no credential route ${route}`);
    return codexLaunch({ baseUrl, streamIdleTimeoutMs: streamSilence(this.#agent.stallSeconds) });
  }

  reader(): CodexReader {
    return new CodexReader();
  }

  conduct(turn: AgentTurn, process: AgentProcess, desk: AgentDesk): Promise<AgentVerdict> {
    const { model, effort, approvalPolicy } = this.#agent;
    const options = {
      version: VERSION,
      model: turn.agent.model ?? model ?? null,
      effort: turn.agent.effort ?? effort ?? null,
      approvalPolicy,
      interruptGraceMs: INTERRUPT_GRACE_MS,
      newId,
    };
    return new Conductor(turn, process, desk, options, this.outside).run();
  }

  get #agent() {
    return this.settings.codex.agent;
  }

  #route(): string {
    const { route } = this.#agent;
    if (route === '') throw noRoute('codex.agent.route names none');
    return route;
  }
}

function noRoute(why: string): DomainError {
  return new DomainError(
    'control_unavailable',
    `Codex reaches its model by a credential route alone, and ${why}`,
  );
}

/** In milliseconds: Codex tries a silent stream of the model's again before the turn counts as stalled. */
function streamSilence(stallSeconds: number): number {
  if (stallSeconds === 0) return LONGEST_STREAM_SILENCE_MS;
  return Math.min(stallSeconds * 500, LONGEST_STREAM_SILENCE_MS);
}
