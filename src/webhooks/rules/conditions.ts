import type { DispatchConditions } from '../../config/dispatch/dispatch-schema.js';
import { inWords, quoted, sameName } from './names.js';
import type { EventIssue, IssueField, Named, WebhookEvent } from './event.js';

type Labels = NonNullable<DispatchConditions['labels']>;

/** Why the event does not meet the rule's conditions, the first that it fails; `null`: it does. */
export function unmetCondition(when: DispatchConditions, event: WebhookEvent): string | null {
  for (const field of ['source', 'type', 'action'] as const) {
    const wanted = when[field];
    if (wanted === undefined || wanted.some((one) => sameName(one, event[field]))) continue;
    return `${field} is ${quoted(event[field])}, the rule wants ${inWords(wanted)}`;
  }
  return event.issue === null ? 'the event is about no issue' : unmetByIssue(when, event.issue);
}

/** The same of the issue alone. */
export function unmetByIssue(when: DispatchConditions, issue: EventIssue): string | null {
  for (const field of ['state', 'team', 'project', 'assignee'] as const) {
    const wanted = when[field];
    if (wanted === undefined) continue;
    const problem = unmetField(field, wanted, issue[field]);
    if (problem !== null) return problem;
  }
  return when.labels === undefined ? null : unmetLabels(when.labels, issue.labels);
}

function unmetField(field: string, wanted: readonly string[], actual: Named | null): string | null {
  if (actual === null) return `the event names no ${field}, the rule wants ${inWords(wanted)}`;
  if (isOneOf(actual, wanted)) return null;
  return `${field} is ${quoted(actual.name)}, the rule wants ${inWords(wanted)}`;
}

function unmetLabels(wanted: Labels, labels: readonly Named[] | null): string | null {
  if (labels === null) return 'the event does not tell the labels, which the rule asks for';
  const has = (name: string) => labels.some((label) => isOneOf(label, [name]));
  const { all = [], any, none = [] } = wanted;
  const missing = all.filter((name) => !has(name));
  if (missing.length > 0) return `labels lack ${inWords(missing, 'and')}, which the rule wants`;
  if (any !== undefined && !any.some(has)) return `labels have none of ${inWords(any)}`;
  const refused = none.filter(has);
  return refused.length > 0
    ? `labels have ${inWords(refused, 'and')}, which the rule does not want`
    : null;
}

export function isOneOf(named: Named, wanted: readonly string[]): boolean {
  return [named.name, named.id, ...named.aliases].some(
    (own) => own !== null && wanted.some((one) => sameName(one, own)),
  );
}

/** The fields of the issue that the conditions ask about. */
export function askedFields(when: DispatchConditions): IssueField[] {
  const fields: IssueField[] = ['state', 'labels', 'team', 'project', 'assignee'];
  return fields.filter((field) => when[field] !== undefined);
}

/**
 * Whether the labels met the conditions before as they do now. A label that was taken away is known by
 * its id alone, so it counts as one that the conditions may have been about.
 */
export function metByEarlierLabels(
  wanted: Labels,
  labels: readonly Named[] | null,
  earlierIds: readonly string[] | null,
): boolean {
  if (labels === null || earlierIds === null) return false;
  const earlier = labels.filter(({ id }) => id !== null && earlierIds.includes(id));
  const gone = earlierIds.some((one) => !labels.some(({ id }) => id === one));
  if (gone && (wanted.none?.length ?? 0) > 0) return false;
  return unmetLabels(wanted, earlier) === null;
}
