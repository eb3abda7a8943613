import { z } from 'zod';

import { environmentName } from './policy-schema.js';

const PLACEHOLDER = /\{(prompt|model|effort|memory)\}/;
const argument = z
  .string()
  .max(65_536)
  .regex(/^[^\0]*$/, 'must not contain NUL');
const argv = z.array(argument).min(1).max(1000);
/** Names of an object's keys from the outside in, joined by dots; a number is a place in a list. */
const path = z
  .string()
  .max(256)
  .regex(/^[^.\s]+(\.[^.\s]+)*$/, 'must be names joined by dots: item.text');
const when = z
  .record(path, z.union([z.string(), z.number(), z.boolean()]))
  .describe('What a line must have at these paths');

/** What a line of an agent may tell. */
export const LINE_EVENT_TYPES = [
  'message',
  'reasoning',
  'command',
  'file_change',
  'tool',
  'plan',
  'usage',
  'notice',
  'error',
] as const;

const mappedEventSchema = z.strictObject({
  when,
  type: z.enum(LINE_EVENT_TYPES),
  text: path.describe('Where the text for a person stands'),
  data: z.record(z.string().min(1).max(64), path).default({}).describe('Name to path'),
});

const linesSchema = z.strictObject({
  events: z.array(mappedEventSchema).max(64).default([]),
  memory: z
    .array(path)
    .max(8)
    .default([])
    .describe('Where a text to remember stands, as a session’s id'),
  succeeded: when.optional().describe('The line that ends the turn well'),
  failed: when.optional().describe('The line that ends it badly; looked for first'),
  message: path.optional().describe('Where a line that ends it badly says why'),
});

const execAgentSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and dashes')
      .refine((name) => name !== 'codex', 'codex is there already'),
    argv: argv.describe(
      'Program and arguments; {prompt}, {model}, {effort} stand for the request’s',
    ),
    promptBy: z
      .enum(['stdin', 'argument', 'lines'])
      .default('stdin')
      .describe('stdin: the whole of its input; argument: {prompt}; lines: JSON lines, both ways'),
    resume: argv
      .optional()
      .describe('In place of argv where it remembers something, which {memory} stands for'),
    model: z.string().max(128).optional().describe('What {model} is where the request names none'),
    effort: z.string().max(128).optional(),
    env: z.record(environmentName, argument).default({}),
    credentialRoutes: z.array(z.string().min(1).max(64)).max(64).default([]),
    lines: linesSchema.optional().describe('How its JSON lines are read; absent: docs/agents.md'),
  })
  .superRefine((agent, context) => {
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    for (const key of ['argv', 'resume'] as const) {
      const words = agent[key] ?? [];
      if (PLACEHOLDER.test(words[0] ?? ''))
        refuse(key, 'must begin with a program, not a placeholder');
      const has = words.some((word) => word.includes('{prompt}'));
      if (words.length > 0 && has !== (agent.promptBy === 'argument')) {
        refuse(key, 'must hold {prompt} where promptBy is argument, and nowhere else');
      }
    }
    if (agent.argv.some((word) => word.includes('{memory}'))) {
      refuse('argv', 'must not hold {memory}, which only resume has');
    }
  });

/** Agents of the operator's own. */
export const agentsSchema = z.strictObject({
  exec: z
    .array(execAgentSchema)
    .max(32)
    .default([])
    .superRefine((agents, context) => {
      const names = agents.map(({ name }) => name);
      names.forEach((name, index) => {
        if (names.indexOf(name) === index) return;
        context.addIssue({ code: 'custom', path: [index, 'name'], message: 'is there twice' });
      });
    }),
});

export type ExecAgent = z.output<typeof execAgentSchema>;
export type AgentLinesSettings = z.output<typeof linesSchema>;
