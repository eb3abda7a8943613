import type { DispatchDecision } from '../rules/dispatch-decision.js';
import type { WebhookEvent } from '../rules/event.js';
import type { DispatchDecisionView } from './decision-view.dto.js';

/** For a machine. */
export function decisionView(
  event: WebhookEvent,
  decision: DispatchDecision,
): DispatchDecisionView {
  const { rule, considered, run, reason, ends } = decision;
  return {
    event: { ...event, changed: event.changed === null ? null : [...event.changed.fields] },
    rule: rule?.name ?? null,
    considered: [...considered],
    run: run === null ? null : { issue: run.issue, ...run.request },
    onNewer: rule?.onNewer ?? null,
    reason,
    ends: [...ends],
  };
}
