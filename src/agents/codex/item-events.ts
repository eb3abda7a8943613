import { z } from 'zod';

import type { AgentEvent } from '../../runs/agents/turn-driver.js';
import type { ItemOnWire } from './wire.js';

const message = z.object({ text: z.string() });
const reasoning = z.object({ summary: z.array(z.string()) });
const command = z.object({
  command: z.string(),
  status: z.string(),
  exitCode: z.number().nullable(),
  durationMs: z.number().nullable(),
  aggregatedOutput: z.string().nullable(),
});
const fileChange = z.object({
  status: z.string(),
  changes: z.array(z.object({ path: z.string(), kind: z.object({ type: z.string() }) })),
});
const toolCall = z.object({
  tool: z.string(),
  server: z.string().optional(),
  status: z.string(),
});

/** What a person is told of an item that Codex has finished; nothing of those that say nothing new. */
export function eventsOfItem(item: ItemOnWire): AgentEvent[] {
  switch (item.type) {
    case 'agentMessage':
      return from(message, item, ({ text }) => ({ type: 'message', text }));
    case 'reasoning':
      return from(reasoning, item, ({ summary }) =>
        summary.length === 0 ? null : { type: 'reasoning', text: summary.join('\n\n') },
      );
    case 'plan':
      return from(message, item, ({ text }) => ({ type: 'plan', text }));
    case 'commandExecution':
      return from(command, item, commandEvent);
    case 'fileChange':
      return from(fileChange, item, ({ status, changes }) => ({
        type: 'file_change',
        text: changes.map(({ path, kind }) => `${kind.type} ${path}`).join('\n'),
        data: { status, changes: changes.map(({ path, kind }) => ({ path, kind: kind.type })) },
      }));
    case 'mcpToolCall':
    case 'dynamicToolCall':
      return from(toolCall, item, ({ tool, server, status }) => ({
        type: 'tool',
        text: server === undefined ? tool : `${server}: ${tool}`,
        data: { status },
      }));
    case 'contextCompaction':
      return [{ type: 'notice', text: 'The conversation was compacted' }];
    default:
      return [];
  }
}

function commandEvent(item: z.output<typeof command>): AgentEvent {
  const { command: line, status, exitCode, durationMs, aggregatedOutput } = item;
  const output = aggregatedOutput?.trimEnd() ?? '';
  return {
    type: 'command',
    text: output === '' ? `$ ${line}` : `$ ${line}\n${output}`,
    data: { status, exitCode, durationMs },
  };
}

function from<Schema extends z.ZodType>(
  schema: Schema,
  item: ItemOnWire,
  event: (read: z.output<Schema>) => AgentEvent | null,
): AgentEvent[] {
  const read = schema.safeParse(item).data;
  const made = read === undefined ? null : event(read);
  return made === null ? [] : [made];
}
