import { isIssueKey } from '../workspaces/issue-key.js';
import { invalidPayload } from './parse-payload.js';
import type { WebhookEvent } from './rules/event.js';

/** What the inbox has to know of a delivery. */
export interface DeliveryFacts {
  readonly type: string;
  /** Empty where there is none. */
  readonly action: string;
  /** Of the issue; `null`: it is about none that a workspace can be named by. */
  readonly issue: string | null;
  /** The thing whose state it tells, unique in its source; `null`: it tells of no state. */
  readonly entity: string | null;
  /** When that was so; `null` where the payload does not tell. */
  readonly occurredAtMs: number | null;
}

/** Most characters of a type, of an action and of an entity's id. */
const MOST_NAME_LENGTH = 200;

/** @throws DomainError `invalid_payload` where nothing says what it is about */
export function factsOf(event: WebhookEvent): DeliveryFacts {
  const type = shortText(event.type);
  if (type === null) throw invalidPayload(`has no type of 1 to ${MOST_NAME_LENGTH} characters`);
  const identifier = event.issue?.identifier ?? '';
  const { occurredAtMs } = event;
  return {
    type,
    action: shortText(event.action) ?? '',
    issue: isIssueKey(identifier) ? identifier : null,
    entity: shortText(event.stateOf ?? '') ?? entityOf(type, event.entityId),
    occurredAtMs: occurredAtMs !== null && occurredAtMs > 0 ? occurredAtMs : null,
  };
}

function entityOf(type: string, id: string | null): string | null {
  const found = id === null ? null : shortText(id);
  return found === null ? null : `${type}:${found}`;
}

/** As the database can keep it. */
function shortText(text: string): string | null {
  const found = text.replace(/\p{Surrogate}/gu, '\ufffd');
  return found !== '' && found.length <= MOST_NAME_LENGTH ? found : null;
}
