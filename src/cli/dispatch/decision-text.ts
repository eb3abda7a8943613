import type { DispatchDecision } from '../../webhooks/rules/dispatch-decision.js';
import type { WebhookEvent } from '../../webhooks/rules/event.js';
import { quoted } from '../../webhooks/rules/names.js';

/** The decision for a person. */
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
