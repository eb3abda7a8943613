import type { DeliverySummary } from '../inbox/delivery.repository.js';
import type { DeliveryEntity } from '../inbox/delivery.entity.js';
import { parsePayload } from '../parse-payload.js';
import type { ConsideredRuleView } from '../dispatch/considered-rule.dto.js';
import type { DeliveryDetailView, DeliveryView } from './delivery.dto.js';

export function viewOf(row: DeliverySummary): DeliveryView {
  return fieldsOf(row);
}

export function detailOf(row: DeliveryEntity): DeliveryDetailView {
  const payload = parsePayload(row.payload);
  const considered =
    row.considered === null ? null : (JSON.parse(row.considered) as ConsideredRuleView[]);
  return { ...fieldsOf(row), considered, payload: { ...payload } };
}

function fieldsOf(row: DeliverySummary) {
  const putOff = row.status === 'pending' && row.nextAttemptAt > 0;
  return {
    id: row.id,
    source: row.source,
    deliveryId: row.deliveryId,
    type: row.type,
    action: row.action,
    issue: row.issue,
    status: row.status,
    attempts: row.attempts,
    rule: row.rule,
    runId: row.runId,
    reason: row.reason,
    message: row.message,
    receivedAt: iso(row.receivedAt),
    signedAt: row.signedAt === null ? null : iso(row.signedAt),
    occurredAt: iso(row.occurredAt),
    nextAttemptAt: putOff ? iso(row.nextAttemptAt) : null,
    handledAt: row.handledAt === null ? null : iso(row.handledAt),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
