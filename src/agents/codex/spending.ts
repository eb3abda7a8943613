import type { AgentSettings, ModelPrice } from '../../config/agent-schema.js';
import type { SpentSoFar } from '../../runs/usage/run-usages.js';
import type { TokenCounts } from '../../runs/usage/used-tokens.js';
import type { Interruption } from './verdict.js';

const MICROS = 1_000_000;

/** What these tokens cost, in millionths; prices are for a million tokens. Pure. */
export function costMicros(tokens: TokenCounts, price: ModelPrice): number {
  const { inputTokens, cachedInputTokens, outputTokens } = tokens;
  const { inputPerMillion, cachedInputPerMillion = inputPerMillion, outputPerMillion } = price;
  const fresh = Math.max(0, inputTokens - cachedInputTokens);
  return Math.round(
    fresh * inputPerMillion +
      cachedInputTokens * cachedInputPerMillion +
      outputTokens * outputPerMillion,
  );
}

/** The first limit that is reached; `null`: none. Pure. */
export function passedLimit(
  { run, issue }: SpentSoFar,
  limits: AgentSettings['limits'],
): Interruption | null {
  const { tokensPerRun, tokensPerIssue, costPerRun, costPerIssue } = limits;
  const found =
    over('token_limit', 'tokensPerRun', [run.tokens, tokensPerRun]) ??
    over('token_limit', 'tokensPerIssue', [issue.tokens, tokensPerIssue]) ??
    over('cost_limit', 'costPerRun', [run.costMicros / MICROS, costPerRun]) ??
    over('cost_limit', 'costPerIssue', [issue.costMicros / MICROS, costPerIssue]);
  return found;
}

function over(
  reason: 'token_limit' | 'cost_limit',
  key: keyof AgentSettings['limits'],
  [used, limit]: readonly [number, number],
): Interruption | null {
  if (limit === 0 || used < limit) return null;
  const whose = key.endsWith('Run') ? 'The run' : 'The runs of the issue';
  const what = reason === 'token_limit' ? 'tokens' : 'in cost';
  const message = `${whose} used ${String(used)} ${what}; codex.agent.limits.${key} is ${String(limit)}`;
  return { reason, message };
}
