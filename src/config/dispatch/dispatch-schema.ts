import { z } from 'zod';

import { environmentName, requestedPolicySchema } from '../policy-schema.js';
import { reportSchema } from './report-schema.js';
import { programText } from './program-text.js';
import { MAX_TEMPLATE_LENGTH, readTemplate } from './template.js';

const value = z.string().min(1).max(200);
const values = z.array(value).min(1).max(100);

/** One value or a list of them; a list in either case. */
const anyOf = z
  .union([value, values], { error: 'must be a text of 1 to 200 characters, or a list of such' })
  .transform((given) => (Array.isArray(given) ? given : [given]));

const labels = z
  .union(
    [
      value,
      values,
      z
        .strictObject({ all: anyOf.optional(), any: anyOf.optional(), none: anyOf.optional() })
        .refine((given) => Object.keys(given).length > 0, {
          message: 'must have one of all, any and none',
        }),
    ],
    { error: 'must be a label, a list of which one is enough, or {all, any, none} of such lists' },
  )
  .transform((given) => {
    if (typeof given === 'string') return { any: [given] };
    return Array.isArray(given) ? { any: given } : given;
  });

const whenSchema = z
  .strictObject({
    source: anyOf.optional().describe('`linear`, `github`, or the name of a source'),
    type: anyOf.optional().describe('What the event is about: `Issue`, `Comment`'),
    action: anyOf.optional().describe('`create`, `update`, `remove`'),
    state: anyOf.optional().describe('The state of the issue, by its name'),
    labels: labels.optional().describe('One of these, or {all, any, none}'),
    team: anyOf.optional().describe('The key or the name of the team'),
    project: anyOf.optional(),
    assignee: anyOf.optional().describe('The name or the e-mail address'),
  })
  .refine((given) => Object.keys(given).length > 0, {
    message: 'must have a condition: a rule without one would take every event',
  });

const template = z
  .string()
  .max(MAX_TEMPLATE_LENGTH)
  .superRefine((text, context) => {
    const read = readTemplate(text);
    if ('problem' in read) context.addIssue({ code: 'custom', message: read.problem });
  })
  .describe('A text with placeholders: `{{ issue.title }}`');

const secretName = z.string().min(1).max(128);

const word = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/,
    'must be 1 to 128 letters, digits, ".", "_", ":", "/", "-"',
  );

const agentSchema = z
  .strictObject({
    kind: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and dashes')
      .describe('`codex`, or the name of one of `codex.agents.exec`'),
    prompt: template.refine((text) => text.trim() !== '', { message: 'must say something' }),
    model: word.optional(),
    effort: word.optional(),
  })
  .describe('The agent that is asked, in place of a command');

const runSchema = z
  .strictObject({
    command: z
      .array(template)
      .min(1)
      .max(1000)
      .optional()
      .describe('The command and its arguments; no shell is put around it'),
    agent: agentSchema.optional(),
    image: z.string().min(1).max(255).optional(),
    env: z.record(environmentName, template).default({}),
    credentialRoutes: z
      .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be the name of a route'))
      .max(64)
      .optional()
      .describe('Credential routes that the run may use; an agent has its own without naming them'),
    secrets: z
      .union([z.array(secretName).max(1000), z.record(environmentName, secretName)], {
        error: 'must be a list of secret names, or a map of environment name to secret name',
      })
      .default([]),
    policy: requestedPolicySchema.optional(),
    timeoutSeconds: z.number().int().min(1).max(604_800).optional(),
  })
  .superRefine(({ command, agent }, context) => {
    const named = Number(command !== undefined) + Number(agent !== undefined);
    if (named !== 1) {
      context.addIssue({ code: 'custom', message: 'must have one of command and agent' });
    }
    const texts = programText(command ?? []);
    command?.forEach((text, index) => {
      const read = readTemplate(text);
      if ('problem' in read || read.literal || !texts.has(index)) return;
      const message =
        'must hold no placeholder: it is the program or a text that one runs; ' +
        'hand the value over in env, or as a later argument';
      context.addIssue({ code: 'custom', path: ['command', index], message });
    });
  });

export const RULE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

const ruleSchema = z.strictObject({
  name: z.string().regex(RULE_NAME, 'must be 1 to 64 letters, digits, "-", "_", "."'),
  when: whenSchema,
  run: runSchema,
  onNewer: z
    .enum(['wait', 'replace', 'drop'])
    .default('wait')
    .describe('What a trigger of this rule does while a run of the issue is active'),
  cancelOnLeave: z
    .boolean()
    .default(true)
    .describe('The run is cancelled when the issue leaves the state of `when`, or is removed'),
  repeat: z
    .boolean()
    .default(false)
    .describe('Every event that matches is a trigger, not only what makes the issue match'),
  report: reportSchema
    .prefault({})
    .describe('What Linear is told of the run, where the issue is one of Linear'),
});

/** `dispatch`: which event starts which run. The first rule that matches counts. */
export const dispatchSchema = z
  .array(ruleSchema)
  .max(200)
  .default([])
  .superRefine((rules, context) => {
    rules.forEach(({ name }, index) => {
      if (rules.findIndex((other) => other.name === name) === index) return;
      const message = 'is the name of an earlier rule too';
      context.addIssue({ code: 'custom', path: [index, 'name'], message });
    });
  });

export type DispatchRule = z.output<typeof ruleSchema>;
export type DispatchConditions = DispatchRule['when'];
export type DispatchedRun = DispatchRule['run'];
