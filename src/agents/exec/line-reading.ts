import type { AgentLinesSettings } from '../../config/agents-schema.js';
import type { AgentEvent, AgentVerdict } from '../../runs/agents/turn-driver.js';
import { readMappedLine } from './mapped-line.js';
import { readOwnLine } from './own-line.js';

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

const MOST_QUOTED = 300;

/** A line by the operator's mapping, or where there is none in the form of docs/agents.md. Pure. */
export function readLine(settings: AgentLinesSettings | undefined, line: string): LineReading {
  if (line.trim() === '') return NOTHING;
  const object = parsed(line);
  if (object === null) return notice('A line that is no JSON object', line);
  if (settings !== undefined) return readMappedLine(settings, object);
  return readOwnLine(object) ?? notice('A line of no known form', line);
}

function parsed(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}

function notice(what: string, line: string): LineReading {
  const quoted = line.length > MOST_QUOTED ? `${line.slice(0, MOST_QUOTED)}…` : line;
  return { ...NOTHING, events: [{ type: 'notice', text: `${what}: ${quoted}` }] };
}
