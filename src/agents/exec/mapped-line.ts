import type { AgentLinesSettings } from '../../config/agents-schema.js';
import type { AgentEvent, AgentVerdict } from '../../runs/agents/turn-driver.js';
import type { JsonObject, LineReading } from './line-form.js';
import { failureEvents } from './own-line.js';

/** A line by the operator's mapping. One that nothing maps stands in the raw output alone. */
export function readMappedLine(settings: AgentLinesSettings, line: JsonObject): LineReading {
  const verdict = verdictOf(settings, line);
  return {
    events: [...eventsOf(settings, line), ...(verdict === null ? [] : failureEvents(verdict))],
    memory: settings.memory.map((path) => textAt(line, path)).find((text) => text !== '') ?? null,
    verdict,
  };
}

function eventsOf({ events }: AgentLinesSettings, line: JsonObject): AgentEvent[] {
  return events
    .filter(({ when }) => holds(when, line))
    .map(({ type, text, data }) => ({
      type,
      text: textAt(line, text),
      data: Object.fromEntries(
        Object.entries(data).flatMap(([name, path]) => {
          const value = valueAt(line, path);
          return value === undefined ? [] : [[name, value]];
        }),
      ),
    }))
    .filter(({ text, data }) => text !== '' || Object.keys(data).length > 0);
}

function verdictOf(settings: AgentLinesSettings, line: JsonObject): AgentVerdict | null {
  const { failed, succeeded, message } = settings;
  if (failed !== undefined && holds(failed, line)) {
    const said = message === undefined ? '' : textAt(line, message);
    return { status: 'failed', reason: 'agent_failed', message: said === '' ? null : said };
  }
  if (succeeded === undefined || !holds(succeeded, line)) return null;
  return { status: 'succeeded', reason: null, message: null };
}

function holds(when: Readonly<Record<string, unknown>>, line: JsonObject): boolean {
  return Object.entries(when).every(([path, wanted]) => valueAt(line, path) === wanted);
}

/** Text as it is, other values as JSON, and nothing as an empty text. */
function textAt(line: JsonObject, path: string): string {
  const value = valueAt(line, path);
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

function valueAt(line: JsonObject, path: string): unknown {
  let value: unknown = line;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
