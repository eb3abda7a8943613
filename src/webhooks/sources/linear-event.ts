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
  type Payload,
} from './payload-reader.js';

/** The columns of an issue that `updatedFrom` names, and what rules call them. */
const CHANGED_BY: Readonly<Record<string, IssueField>> = {
  stateId: 'state',
  labelIds: 'labels',
  teamId: 'team',
  projectId: 'project',
  assigneeId: 'assignee',
};

/**
 * Linear's delivery as an event. Total: whatever the payload is, and of kinds that are not known yet,
 * it tells what it can. Every kind that is about an issue carries it: `Issue` and `IssueSLA` whole;
 * `Comment`, `Reaction`, `CustomerNeed`, `AgentSessionEvent` and `AppUserNotification` as far as Linear
 * tells, which is without state, labels, project and assignee; `Attachment` by its id alone, so not at
 * all.
 */
export function mapLinearPayload(payload: unknown): WebhookEvent {
  const type = textAt(payload, 'type') ?? '';
  const action = textAt(payload, 'action') ?? '';
  const data = entityOf(payload);
  const told = type === 'Issue' || type === 'IssueSLA' ? data : issueWithin(data);
  const whole = type === 'Issue';
  return {
    source: 'linear',
    type,
    action,
    entityId: textAt(data, 'id'),
    stateOf: stateOf(type, data),
    occurredAtMs: occurredAt(payload, data),
    text: textAt(data, 'body') ?? textAt(memberOf(data, 'comment'), 'body'),
    issue: issueAt(told, textAt(told, 'priorityLabel') ?? idAt(told, 'priority')),
    changed: whole && action === 'update' ? changeOf(memberOf(payload, 'updatedFrom')) : null,
    removed: whole && (action === 'remove' || memberOf(data, 'trashed') === true),
  };
}

/** An SLA event carries the whole issue, and tells its state as an update does. */
function stateOf(type: string, data: Payload): string | null {
  const id = type === 'Issue' || type === 'IssueSLA' ? textAt(data, 'id') : null;
  return id === null ? null : `Issue:${id}`;
}

/** What the delivery is about stands under another name in a few kinds. */
function entityOf(payload: unknown): Payload {
  const names = ['data', 'issueData', 'agentSession', 'notification'];
  return membersOf(names.map((name) => memberOf(payload, name)).find(hasMembers));
}

/** A reaction to a comment, or a comment on a comment, tells the issue one level deeper. */
function issueWithin(data: Payload): unknown {
  const direct = memberOf(data, 'issue');
  return hasMembers(direct) ? direct : memberOf(memberOf(data, 'comment'), 'issue');
}

/** A removal changes no `updatedAt`, and is the later of the two. */
function occurredAt(payload: unknown, data: Payload): number | null {
  const times = [timeAt(data, 'updatedAt'), timeAt(payload, 'createdAt')].filter(
    (time) => time !== null,
  );
  return times.length > 0 ? Math.max(...times) : sentAt(payload);
}

function sentAt(payload: unknown): number | null {
  const sent = memberOf(payload, 'webhookTimestamp');
  return typeof sent === 'number' && Number.isFinite(sent) ? sent : null;
}

function changeOf(updatedFrom: unknown): EventChange | null {
  if (!hasMembers(updatedFrom)) return null;
  const fields = Object.keys(membersOf(updatedFrom)).flatMap((column) =>
    Object.hasOwn(CHANGED_BY, column) ? [CHANGED_BY[column] as IssueField] : [],
  );
  const labelIds = listAt(updatedFrom, 'labelIds');
  return {
    fields: new Set(fields),
    labelIds: labelIds?.filter((id) => typeof id === 'string') ?? null,
  };
}
