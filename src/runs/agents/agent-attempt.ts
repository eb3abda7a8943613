import type { AgentRequest } from './agent-request.js';
import type { TurnDriver } from './turn-driver.js';

/** One start of an agent for a turn: the first one, or one after it broke off. */
export interface AgentAttempt {
  readonly driver: TurnDriver;
  /** With the prompt of this turn. */
  readonly request: AgentRequest;
  /** From 1. */
  readonly number: number;
  /** Milliseconds of the turn's time that earlier attempts took. */
  readonly spentMs: number;
  /** What the driver remembered before this attempt. */
  readonly memory: string | null;
}
