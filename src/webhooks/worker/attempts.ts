import { Injectable, Logger } from '@nestjs/common';

import { DomainError } from '../../kernel/domain-error.js';
import { Metrics } from '../../metrics/metrics.js';
import type { DeliveryEntity } from '../inbox/delivery.entity.js';
import {
  DeliveryHandler,
  DeliveryRejected,
  DeliverySettledBefore,
  DeliverySuperseded,
  handed,
  type DeliveryOutcome,
} from './delivery-handler.js';
import { Settling } from './settling.js';

/** One attempt to handle one delivery, whatever comes of it. */
@Injectable()
export class Attempts {
  readonly #logger = new Logger('Webhooks');

  constructor(
    private readonly settling: Settling,
    private readonly handler: DeliveryHandler,
    private readonly metrics: Metrics,
  ) {}

  /** @throws DomainError where the database could not be written: nothing is known to have happened */
  async attempt(row: DeliveryEntity): Promise<void> {
    const claim = await this.settling.claim(row.id);
    if (claim !== 'claimed') {
      if (claim !== 'gone') this.#count(row, claim);
      return;
    }
    let settled: DeliveryOutcome | null = null;
    try {
      await this.handler.handle(handed(row), async (tx, outcome) => {
        await this.settling.settle(tx, row.id, outcome);
        settled = outcome;
      });
      if (settled === null) throw new Error('the handler has settled nothing');
      this.#count(row, (settled as DeliveryOutcome).status);
    } catch (error) {
      await this.#failed(row, error);
    }
  }

  async #failed(row: DeliveryEntity, error: unknown): Promise<void> {
    if (error instanceof DeliverySettledBefore) return;
    if (error instanceof DeliverySuperseded) {
      await this.settling.supersede(row.id);
      this.#count(row, 'superseded');
      return;
    }
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
function failureOf(error: unknown): { reason: string; message: string; final: boolean } {
  if (error instanceof DeliveryRejected) {
    return { reason: error.reason, message: error.message, final: true };
  }
  if (error instanceof DomainError) {
    return { reason: error.code, message: error.message, final: false };
  }
  return {
    reason: 'internal_error',
    message: 'It broke; the service’s log has the reason',
    final: false,
  };
}
