import type { AgentEvent, AgentVerdict } from '../../runs/agents/turn-driver.js';

/** What one line of an agent says. */
export interface LineReading {
  readonly events: readonly AgentEvent[];
  /** To be remembered; `null`: nothing. */
  readonly memory: string | null;
  /** The turn is over with it. */
  readonly verdict: AgentVerdict | null;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export const NOTHING: LineReading = { events: [], memory: null, verdict: null };
