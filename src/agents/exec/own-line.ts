import { LINE_EVENT_TYPES } from '../../config/agents-schema.js';
import type { AgentEvent, AgentEventType, AgentVerdict } from '../../runs/agents/turn-driver.js';
import { NOTHING, type JsonObject, type LineReading } from './line-form.js';

const TYPES: ReadonlySet<string> = new Set(LINE_EVENT_TYPES satisfies readonly AgentEventType[]);

/**
 * A line in the form that docs/agents.md names: `{type, text, …}` is an event, and beside those there
 * are `memory` and `result`. `null` for any other.
 */
export function readOwnLine(line: JsonObject): LineReading | null {
  const { type, text, ...data } = line;
  if (type === 'memory') {
    return typeof line.memory === 'string' ? { ...NOTHING, memory: line.memory } : null;
  }
  if (type === 'result') return readResult(line);
  if (typeof type !== 'string' || !TYPES.has(type) || typeof text !== 'string') return null;
  return { ...NOTHING, events: [{ type: type as AgentEventType, text, data }] };
}

function readResult({ status, reason, message, resumable }: JsonObject): LineReading | null {
  if (status !== 'succeeded' && status !== 'failed') return null;
  const verdict: AgentVerdict = {
    status,
    reason: typeof reason === 'string' ? reason : null,
    message: typeof message === 'string' ? message : null,
    ...(status === 'failed' && resumable === true && { resumable }),
  };
  return { ...NOTHING, events: failureEvents(verdict), verdict };
}

/** What a turn failed with is told where it happened too. */
export function failureEvents({ status, message }: AgentVerdict): readonly AgentEvent[] {
  return status === 'failed' && message !== null ? [{ type: 'error', text: message }] : [];
}
