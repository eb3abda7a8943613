import type { AgentLinesSettings } from '../../config/agents-schema.js';
import { isTooDeep } from '../../kernel/json-depth.js';
import { NOTHING, type JsonObject, type LineReading } from './line-form.js';
import { readMappedLine } from './mapped-line.js';
import { readOwnLine } from './own-line.js';

const MOST_QUOTED = 300;

/** A line by the operator's mapping, or where there is none in the form of docs/agents.md. Pure. */
export function readLine(settings: AgentLinesSettings | undefined, line: string): LineReading {
  if (line.trim() === '') return NOTHING;
  const object = parsed(line);
  if (object === null) return notice('A line that is no JSON object', line);
  if (isTooDeep(object)) return notice('A line of JSON that is nested too deeply', line);
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
