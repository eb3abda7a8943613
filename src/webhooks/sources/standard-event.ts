import type { EventChange, IssueField, WebhookEvent } from '../rules/event.js';
import {
  hasMembers,
  idAt,
  issueAt,
  listAt,
  memberOf,
  membersOf,
  textAt,
  timeAt,
} from './payload-reader.js';

const FIELDS: readonly IssueField[] = ['state', 'labels', 'team', 'project', 'assignee'];

/**
 * A delivery in the shape that Standard Webhooks advises, `{type, timestamp, data}`, as an event of
 * `source`. Total. Of `type` what stands before the last dot is the type and what follows the action
 * (`issue.updated`). `data.issue`, or `data` itself, has `identifier`, `title`, `description`, `url`,
 * `state`, `labels`, `team`, `project`, `assignee` and `priority`, each a text or `{id, name}`;
 * `data.changed` is a list of those that the event changed; `data.removed: true` says that it is gone.
 */
export function mapStandardPayload(payload: unknown, source: string): WebhookEvent {
  const name = textAt(payload, 'type') ?? '';
  const dot = name.lastIndexOf('.');
  const data = memberOf(payload, 'data');
  const inner = memberOf(data, 'issue');
  const issue = hasMembers(inner) ? inner : data;
  return {
    source,
    type: dot === -1 ? name : name.slice(0, dot),
    action: dot === -1 ? '' : name.slice(dot + 1),
    entityId: idAt(data, 'id') ?? idAt(issue, 'id'),
    // Of `data` with an issue within, the id is another thing's.
    stateOf: issue === data && idAt(data, 'id') !== null ? `issue:${idAt(data, 'id')}` : null,
    occurredAtMs: timeAt(data, 'updatedAt') ?? timeAt(payload, 'timestamp'),
    text: textAt(data, 'text'),
    issue: issueAt(issue, idAt(issue, 'priority')),
    changed: changeOf(data),
    removed: memberOf(data, 'removed') === true,
  };
}

/** Which labels there were before is not told, so a change of labels counts as one of all. */
function changeOf(data: unknown): EventChange | null {
  const changed = listAt(membersOf(data), 'changed');
  if (changed === null) return null;
  return { fields: new Set(FIELDS.filter((field) => changed.includes(field))), labelIds: null };
}
