import { z } from 'zod';

/** A model as providers name theirs. */
const modelName = z
  .string()
  .regex(/^[\w.:/@-]{1,128}$/, 'must be a model’s name: letters, digits, and . : / @ _ -');

const tokens = z.number().int().min(0).max(1_000_000_000_000);
const money = z.number().min(0).max(1_000_000_000);

const priceSchema = z.strictObject({
  inputPerMillion: money.describe('For a million tokens of input that were not cached'),
  cachedInputPerMillion: money
    .optional()
    .describe('For a million tokens of cached input; left out: as other input'),
  outputPerMillion: money.describe('For a million tokens of output, reasoning included'),
});

/**
 * `codex.agent`: what holds for every turn of an agent, of whatever kind (`restarts`, `stallSeconds`),
 * and how Codex is run where a run asks for `agent: {kind: codex}`.
 */
export const agentSchema = z
  .strictObject({
    route: z
      .string()
      .regex(
        /^(?:[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,31})?$/,
        'must be the name of a credential route',
      )
      .default('')
      .describe('The credential route of the model’s provider; empty: no run of Codex'),
    model: modelName.optional().describe('Left out: Codex chooses'),
    effort: z
      .string()
      .regex(/^[a-z]{1,16}$/, 'must be a word such as low, medium or high')
      .optional()
      .describe('How hard the model reasons; left out: the model’s own default'),
    approvalPolicy: z
      .enum(['never', 'on-request', 'untrusted'])
      .default('never')
      .describe('When Codex asks a person before it acts; the container holds in any case'),
    approvalTimeoutSeconds: z
      .number()
      .int()
      .min(1)
      .max(86_400)
      .default(600)
      .describe('What nobody has answered by then is denied'),
    stallSeconds: z
      .number()
      .int()
      .min(0)
      .max(86_400)
      .default(900)
      .describe('An agent that prints no line for so long is ended as agent_stalled; 0: never'),
    restarts: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(2)
      .describe('How often an agent that broke off in a turn is started again for it'),
    limits: z
      .strictObject({
        tokensPerRun: tokens.default(0).describe('Input and output together; 0: no limit'),
        tokensPerIssue: tokens.default(0).describe('Of all runs of one issue; 0: no limit'),
        costPerRun: money.default(0).describe('In the unit of `prices`; 0: no limit'),
        costPerIssue: money.default(0).describe('Of all runs of one issue; 0: no limit'),
      })
      .prefault({}),
    prices: z
      .record(modelName, priceSchema)
      .default({})
      .describe('What a model’s tokens cost, by its name; a limit of cost needs it'),
  })
  .superRefine(({ limits, prices }, context) => {
    for (const key of ['costPerRun', 'costPerIssue'] as const) {
      if (limits[key] === 0 || Object.keys(prices).length > 0) continue;
      const message = 'needs a price: codex.agent.prices has none';
      context.addIssue({ code: 'custom', path: ['limits', key], message });
    }
  });

export type AgentSettings = z.output<typeof agentSchema>;
export type ModelPrice = z.output<typeof priceSchema>;
