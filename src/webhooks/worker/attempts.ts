import { Injectable, Logger } from '@nestjs/common';

import { DomainError } from '../../kernel/domain-error.js';
import { Metrics } from '../../metrics/metrics.js';
import type { DeliveryEntity } from '../inbox/delivery.entity.js';
import { Deliveries } from '../inbox/delivery.repository.js';
import {
  DeliveryHandler,
  DeliveryRejected,
  DeliverySettledBefore,
  type DeliveryOutcome,
  type HandedDelivery,
} from './delivery-handler.js';
import { WebhookSources } from '../webhook-sources.js';
import { Settling, type Failure } from './settling.js';

/** One attempt to handle one delivery, whatever comes of it. */
@Injectable()
export class Attempts {
  readonly #logger = new Logger('Webhooks');

  constructor(
    private readonly settling: Settling,
    private readonly handler: DeliveryHandler,
    private readonly deliveries: Deliveries,
    private readonly sources: WebhookSources,
    private readonly metrics: Metrics,
  ) {}

  /** @throws DomainError where the database could not be written: nothing is known to have happened */
  async attempt(row: DeliveryEntity): Promise<void> {
    const claim = await this.settling.claim(row.id);
    if (claim === 'gone') return;
    if (claim === 'failed') return this.#count(row, claim);
    const inEffect: DeliveryOutcome[] = [];
    try {
      const handed = await this.#handed(row, claim === 'outdated');
      const outcome = await this.handler.handle(handed, async (tx, noted) => {
        await this.settling.settle(tx, row.id, noted);
        inEffect.push(noted);
      });
      if (outcome !== null && !(await this.settling.settleAlone(row.id, outcome))) return;
      const noted = outcome ?? inEffect.at(-1);
      if (noted === undefined) throw new Error('the handler has settled nothing');
      this.#count(row, noted.status);
    } catch (error) {
      await this.#failed(row, error);
    }
  }

  async #handed(row: DeliveryEntity, outdated: boolean): Promise<HandedDelivery> {
    const { id, source, entity, occurredAt, attempts } = row;
    const newest =
      outdated && entity !== null
        ? await this.deliveries.newestAfter(source, entity, occurredAt)
        : null;
    const newer = newest === null ? 'gone' : this.sources.eventOf(newest);
    return {
      id,
      source,
      entity,
      occurredAt,
      attempt: attempts + 1,
      event: this.sources.eventOf(row),
      newer: outdated ? newer : null,
    };
  }

  async #failed(row: DeliveryEntity, error: unknown): Promise<void> {
    if (error instanceof DeliverySettledBefore) return;
    if (error instanceof DomainError && error.code === 'shutting_down') throw error;
    const failure = failureOf(error);
    const outcome = await this.settling.retryLater(row.id, failure);
    if (outcome === 'gone') return;
    this.#count(row, outcome);
    const { id, source } = row;
    this.#logger.warn(
      { id, source, outcome, reason: failure.reason, err: error },
      'attempt failed',
    );
  }

  #count({ source }: DeliveryEntity, outcome: string): void {
    this.metrics.webhookSettled.inc({ source, outcome });
  }
}

/** For the row, which clients read: our own messages hold nothing that they may not see. */
function failureOf(error: unknown): Failure {
  if (error instanceof DeliveryRejected) {
    return { reason: error.reason, message: error.message, final: true };
  }
  if (error instanceof DomainError) {
    return { reason: error.code, message: error.message, final: false, passing: true };
  }
  return {
    reason: 'internal_error',
    message: 'It broke; the service’s log has the reason',
    final: false,
  };
}
