import type { LiveSettings } from '../../src/config/live-settings.js';
import type { Settings } from '../../src/config/settings.js';
import { Clock } from '../../src/kernel/clock.js';
import { newId } from '../../src/kernel/ids.js';
import { Metrics } from '../../src/metrics/metrics.js';
import type { BelievedTime } from '../../src/persistence/believed-time.js';
import { DeliveriesService } from '../../src/webhooks/deliveries.service.js';
import { ExpiredDeliveries } from '../../src/webhooks/expired-deliveries.js';
import { Arrivals } from '../../src/webhooks/inbox/arrivals.repository.js';
import { Deliveries } from '../../src/webhooks/inbox/delivery.repository.js';
import { EntityTimes } from '../../src/webhooks/inbox/entity-times.repository.js';
import { Inbox } from '../../src/webhooks/inbox/inbox.js';
import { newDelivery } from '../../src/webhooks/inbox/new-delivery.js';
import { githubSource } from '../../src/webhooks/sources/github.source.js';
import { linearSource } from '../../src/webhooks/sources/linear.source.js';
import { WebhookSources } from '../../src/webhooks/webhook-sources.js';
import { Attempts } from '../../src/webhooks/worker/attempts.js';
import type { DeliveryHandler } from '../../src/webhooks/worker/delivery-handler.js';
import { DueDeliveries } from '../../src/webhooks/worker/due-deliveries.repository.js';
import { InboxWorker } from '../../src/webhooks/worker/inbox-worker.js';
import { PendingDeliveries } from '../../src/webhooks/worker/pending-deliveries.repository.js';
import { Settling } from '../../src/webhooks/worker/settling.js';
import type { AuditedDatabase } from './audited-database.js';

/** Time that only a test moves. */
export class TestClock extends Clock {
  constructor(public at: number) {
    super();
  }

  now(): number {
    return this.at;
  }

  monotonicMs(): number {
    return this.at;
  }
}

export interface TestDelivery {
  source?: string;
  /** What it is about; also its body, unless that is named. */
  issue?: string | null;
  entityId?: string | null;
  body?: string;
  deliveryId?: string;
  occurredAt?: number;
  signedAt?: number | null;
}

const NO_SENDERS = {
  webhooks: { linear: { secrets: [] }, github: { secrets: [] } },
  linearWebhookSecrets: [],
} as unknown as Settings;

/** The inbox and its worker over a real database, wired as `WebhooksModule` wires them. */
export function inboxOver(db: AuditedDatabase, clock: Clock, handler: DeliveryHandler) {
  const sources = new WebhookSources([linearSource, githubSource], NO_SENDERS);
  const deliveries = new Deliveries(db.read);
  const times = new EntityTimes(db.read);
  const arrivals = new Arrivals(db.read);
  const due = new DueDeliveries(db.read);
  const inbox = new Inbox(db.transactions, arrivals);
  const settling = new Settling(
    db.transactions,
    deliveries,
    new PendingDeliveries(),
    times,
    due,
    clock,
  );
  const attempts = new Attempts(settling, handler, deliveries, sources, new Metrics());
  const worker = new InboxWorker(inbox, due, attempts, settling, clock);
  const service = new DeliveriesService(
    deliveries,
    db.transactions,
    worker,
    sources,
    {} as LiveSettings,
  );
  return {
    ...{ deliveries, times, inbox, worker, service, settling },
    store(delivery: TestDelivery) {
      const {
        source = 'linear',
        issue = 'MT-1',
        entityId = issue,
        signedAt = clock.now(),
      } = delivery;
      const { deliveryId = newId(), occurredAt = clock.now() } = delivery;
      const body = delivery.body ?? JSON.stringify({ deliveryId });
      const identity = { deliveryId, bodyHash: body, signedAt, eventName: null };
      const facts = {
        ...{ type: 'Issue', action: 'update', occurredAtMs: occurredAt },
        entity: entityId === null ? null : `Issue:${entityId}`,
        issue,
      };
      const received = {
        source,
        identity,
        facts,
        payload: body,
        receivedAt: clock.now(),
      };
      const origin = { actor: `webhook:${source}`, requestId: null } as const;
      return inbox.store(newDelivery(received), origin);
    },
    /** What retention does, until nothing is left to do. */
    async expire(deliveriesDays: number): Promise<number> {
      const settings = { retention: { deliveriesDays } } as Settings;
      const time = { now: () => Promise.resolve(clock.now()) } as BelievedTime;
      const task = new ExpiredDeliveries(settings, db.transactions, arrivals, times, time);
      let total = 0;
      for (let removed = -1; removed !== 0; total += removed) removed = await task.removeSome();
      return total;
    },
  };
}

export type TestInbox = ReturnType<typeof inboxOver>;
