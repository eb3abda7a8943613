import type { TemplateValues } from '../../config/dispatch/template-variables.js';
import type { WebhookEvent } from './event.js';

const LATEST_MS = 8.64e15;

/** The variables of templates, as an event fills them. What it does not tell is left out. */
export function templateValues(event: WebhookEvent): TemplateValues {
  const { issue } = event;
  const values: Record<string, string | readonly string[] | null | undefined> = {
    'event.source': event.source,
    'event.type': event.type,
    'event.action': event.action,
    'event.entityId': event.entityId,
    'event.occurredAt': timeOf(event.occurredAtMs),
    'event.text': event.text,
    'issue.identifier': issue?.identifier,
    'issue.title': issue?.title,
    'issue.description': issue?.description,
    'issue.url': issue?.url,
    'issue.state': issue?.state?.name,
    'issue.labels': issue?.labels?.map(({ name }) => name),
    'issue.team': issue?.team?.name,
    'issue.project': issue?.project?.name,
    'issue.assignee': issue?.assignee?.name,
    'issue.priority': issue?.priority,
  };
  const told = Object.entries(values).flatMap(([path, value]) =>
    value === null || value === undefined ? [] : [[path, value] as const],
  );
  return new Map(told);
}

function timeOf(ms: number | null): string | null {
  if (ms === null || !(Math.abs(ms) <= LATEST_MS)) return null;
  return new Date(ms).toISOString();
}

/**
 * What every dispatched run has in its environment, by the path of its value; one that the event does
 * not tell is not set. Not `RISOLUTO_…`: those names are kept for the service.
 */
export const GIVEN_ENVIRONMENT: Readonly<Record<string, string>> = {
  ISSUE_IDENTIFIER: 'issue.identifier',
  ISSUE_TITLE: 'issue.title',
  ISSUE_URL: 'issue.url',
  ISSUE_STATE: 'issue.state',
  EVENT_SOURCE: 'event.source',
  EVENT_TYPE: 'event.type',
  EVENT_ACTION: 'event.action',
};
