import type { DispatchDecision } from '../../webhooks/rules/dispatch-decision.js';
import type { WebhookEvent } from '../../webhooks/rules/event.js';
import { quoted } from '../../webhooks/rules/names.js';

/** The decision for a machine: the event as it was understood, and each rule's fate. */
export function decisionData(event: WebhookEvent, decision: DispatchDecision) {
  const { rule, considered, run, reason, ends } = decision;
  return {
    event: { ...event, changed: event.changed === null ? null : [...event.changed.fields] },
    rule: rule?.name ?? null,
    considered,
    run: run === null ? null : { issue: run.issue, ...run.request },
    onNewer: rule?.onNewer ?? null,
    reason,
    ends,
  };
}

/** The same for a person. */
export function decisionText(event: WebhookEvent, decision: DispatchDecision): string {
  const { considered, run, reason, ends, rule } = decision;
  const lines = [`event: ${describe(event)}`];
  for (const { rule: name, matched, why } of considered) {
    lines.push(`${matched ? 'matches' : 'no match'}: ${name}: ${why}`);
  }
  for (const { rule: name, why } of ends) {
    lines.push(`ends an active run of rule ${name}: ${why}`);
  }
  if (run === null) return [...lines, `no run: ${reason ?? ''}`].join('\n');
  lines.push(
    `a run of ${run.issue} would be asked for (while another is active: ${rule?.onNewer ?? ''}):`,
  );
  return [...lines, JSON.stringify(run.request, null, 2)].join('\n');
}

function describe({ source, type, action, issue }: WebhookEvent): string {
  const what = [source, type, action].filter((word) => word !== '').join(' ');
  if (issue === null) return `${what}, about no issue`;
  const title = issue.title === null ? '' : ` ${quoted(issue.title)}`;
  return `${what}, of ${issue.identifier}${title}`;
}
