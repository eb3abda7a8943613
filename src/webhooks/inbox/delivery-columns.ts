import type { DeliveryEntity } from './delivery.entity.js';

/** Of each property its column, and `whole` where it is a number that PostgreSQL gives as a text. */
const COLUMNS = {
  id: 'id',
  source: 'source',
  deliveryId: 'delivery_id',
  bodyHash: 'body_hash',
  receivedAt: 'received_at whole',
  signedAt: 'signed_at whole',
  type: 'type',
  action: 'action',
  issue: 'issue',
  entity: 'entity',
  occurredAt: 'occurred_at whole',
  lane: 'lane',
  payload: 'payload',
  status: 'status',
  attempts: 'attempts',
  attemptLimit: 'attempt_limit',
  nextAttemptAt: 'next_attempt_at whole',
  rule: 'rule',
  runId: 'run_id',
  reason: 'reason',
  message: 'message',
  handledAt: 'handled_at whole',
  considered: 'considered',
} as const satisfies Record<keyof DeliveryEntity, string>;

/** For a `SELECT` of whole rows of `delivery`, which `deliveryOf` reads. */
export const ALL_COLUMNS = Object.entries(COLUMNS)
  .map(([property, column]) => `delivery.${column.split(' ')[0]} AS "${property}"`)
  .join(', ');

const WHOLE = Object.entries(COLUMNS)
  .filter(([, column]) => column.endsWith(' whole'))
  .map(([property]) => property);

/** The row, read without TypeORM, which builds its statement and its object anew for each. */
export function deliveryOf(row: Record<string, unknown>): DeliveryEntity {
  for (const property of WHOLE) {
    if (row[property] !== null) row[property] = Number(row[property]);
  }
  return row as unknown as DeliveryEntity;
}
