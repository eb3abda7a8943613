import type { AgentSettings } from '../../config/agent-schema.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { AgentRequest } from '../../runs/agents/agent-request.js';

/** From the one that reasons least. */
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

/**
 * Refuses what a request may not ask of Codex: another model than the operator's where that is
 * named, more effort than the operator's, a model without a price where cost is limited.
 * @throws DomainError `policy_widened`, `control_unavailable`
 */
export function checkRequest(request: AgentRequest, settings: AgentSettings): void {
  const widened = [
    ...(isOther(request.model, settings.model) ? ['agent.model'] : []),
    ...(isMore(request.effort, settings.effort) ? ['agent.effort'] : []),
  ];
  if (widened.length > 0) {
    const message = `A request may not go beyond codex.agent: ${widened.join(', ')}`;
    const details = widened.map((field) => ({ field, message: 'is not what the operator allows' }));
    throw new DomainError('policy_widened', message, { details });
  }
  checkPrice(request.model ?? settings.model, settings);
}

/** A cost that nobody can count holds no limit. */
function checkPrice(model: string | undefined, { limits, prices }: AgentSettings): void {
  if (limits.costPerRun === 0 && limits.costPerIssue === 0) return;
  if (model !== undefined && Object.hasOwn(prices, model)) return;
  const which = model === undefined ? 'a model that Codex chooses' : model;
  throw new DomainError(
    'control_unavailable',
    `Cost is limited, and codex.agent.prices has no price for ${which}. Name the model and its price`,
  );
}

function isOther(asked: string | undefined, operator: string | undefined): boolean {
  return asked !== undefined && operator !== undefined && asked !== operator;
}

function isMore(asked: string | undefined, operator: string | undefined): boolean {
  if (asked === undefined || operator === undefined || asked === operator) return false;
  const [most, wanted] = [EFFORTS.indexOf(operator), EFFORTS.indexOf(asked)];
  return wanted === -1 || most === -1 || wanted > most;
}
