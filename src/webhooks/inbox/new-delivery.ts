import { newId } from '../../kernel/ids.js';
import type { DeliveryFacts } from '../delivery-facts.js';
import type { DeliveryIdentity } from '../webhook-source.js';
import type { DeliveryEntity } from './delivery.entity.js';

/** Attempts to handle a delivery before it is given up; a replay gives as many again. */
export const MOST_ATTEMPTS = 8;

/** A clock that is ahead may not keep what comes later from counting as newer. */
const MOST_AHEAD_MS = 60_000;

export interface Received {
  /** `linear`, `github`, `standard/<name>`. */
  readonly source: string;
  readonly identity: DeliveryIdentity;
  readonly facts: DeliveryFacts;
  /** As it came. */
  readonly payload: string;
  /** Milliseconds. */
  readonly receivedAt: number;
}

/** The row of a verified delivery that nobody has looked at yet. */
export function newDelivery(received: Received): DeliveryEntity {
  const { source, identity, facts, payload, receivedAt } = received;
  const { deliveryId, bodyHash, signedAt } = identity;
  const id = newId();
  const { issue, entity } = facts;
  const occurredAt = facts.occurredAtMs ?? signedAt ?? receivedAt;
  return {
    id,
    source,
    deliveryId,
    bodyHash,
    receivedAt,
    signedAt,
    type: facts.type,
    action: facts.action || null,
    issue,
    entity,
    occurredAt: Math.min(Math.floor(occurredAt), receivedAt + MOST_AHEAD_MS),
    lane: laneOf(source, issue, entity, id),
    payload,
    status: 'pending',
    attempts: 0,
    attemptLimit: MOST_ATTEMPTS,
    nextAttemptAt: 0,
    rule: null,
    runId: null,
    reason: null,
    message: null,
    handledAt: null,
    considered: null,
  };
}

/** All of one issue wait for one another, whoever sent them; else all of one thing; else nobody waits. */
function laneOf(source: string, issue: string | null, entity: string | null, id: string): string {
  if (issue !== null) return `issue ${issue}`;
  return entity === null ? `delivery ${id}` : `entity ${source} ${entity}`;
}
