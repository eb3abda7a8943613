import { Injectable } from '@nestjs/common';

import { decodeCursor, encodeCursor, invalidCursor, type Page } from '../http/pagination.js';
import { LiveSettings } from '../config/live-settings.js';
import { DomainError } from '../kernel/domain-error.js';
import { ID_PATTERN } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import { Transactions } from '../persistence/transactions.js';
import type { DeliveryEntity } from './inbox/delivery.entity.js';
import {
  Deliveries,
  type DeliveryFilter,
  type DeliverySummary,
} from './inbox/delivery.repository.js';
import { MOST_ATTEMPTS } from './inbox/new-delivery.js';
import type { DispatchDecisionView } from './dispatch/decision-view.dto.js';
import { decisionView } from './dispatch/decision-view.js';
import { decideDispatch } from './rules/dispatch-decision.js';
import { WebhookSources } from './webhook-sources.js';
import { InboxWorker } from './worker/inbox-worker.js';

export interface DeliveryQuery extends Omit<DeliveryFilter, 'before'> {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The inbox, for operators. */
@Injectable()
export class DeliveriesService {
  constructor(
    private readonly deliveries: Deliveries,
    private readonly transactions: Transactions,
    private readonly worker: InboxWorker,
    private readonly sources: WebhookSources,
    private readonly settings: LiveSettings,
  ) {}

  /** Newest first. @throws DomainError `invalid_cursor` */
  async page({ limit, cursor, ...filter }: DeliveryQuery): Promise<Page<DeliverySummary>> {
    const before = cursor === undefined ? undefined : idOf(cursor);
    const rows = await this.deliveries.list({ ...filter, before }, limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const more = rows.length > limit && last !== undefined;
    return { items, nextCursor: more ? encodeCursor([last.id]) : null };
  }

  /** @throws DomainError `delivery_not_found` */
  async get(id: string): Promise<DeliveryEntity> {
    return (await this.deliveries.find(id)) ?? notFound();
  }

  /** What the rules of now say of it. @throws DomainError `delivery_not_found` */
  async preview(id: string): Promise<DispatchDecisionView> {
    const event = this.sources.eventOf(await this.get(id));
    return decisionView(event, decideDispatch(this.settings.dispatch, event));
  }

  /**
   * Has a settled delivery handled once more, with as many attempts as a new one; those that there
   * were go on counting.
   * @throws DomainError `delivery_not_found`, `delivery_pending`
   */
  async replay(origin: Origin, id: string): Promise<DeliverySummary> {
    const replayed = await this.transactions.run(origin, async (tx) => {
      const row = (await this.deliveries.findIn(tx.manager, id)) ?? notFound();
      if (row.status === 'pending') {
        throw new DomainError('delivery_pending', 'The delivery waits to be handled already');
      }
      const changes = {
        status: 'pending',
        nextAttemptAt: 0,
        attemptLimit: row.attempts + MOST_ATTEMPTS,
        rule: null,
        runId: null,
        reason: null,
        message: null,
        handledAt: null,
        considered: null,
      } as const;
      const { source, status, rule, runId, reason } = row;
      const details = { source, was: { status, rule, runId, reason } };
      await this.deliveries.update(tx.manager, id, changes);
      tx.audit({ action: 'webhook.replayed', target: id, details });
      return Object.assign(row, changes);
    });
    this.worker.poke();
    return replayed;
  }
}

function idOf(cursor: string): string {
  const [id, ...rest] = decodeCursor(cursor);
  if (typeof id === 'string' && ID_PATTERN.test(id) && rest.length === 0) return id;
  throw invalidCursor();
}

function notFound(): never {
  throw new DomainError('delivery_not_found', 'There is no delivery with this id');
}
