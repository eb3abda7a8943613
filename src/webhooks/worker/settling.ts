import { Injectable } from '@nestjs/common';

import { Clock } from '../../kernel/clock.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions, type Transaction } from '../../persistence/transactions.js';
import { Deliveries, type DeliverySummary } from '../inbox/delivery.repository.js';
import { EntityTimes } from '../inbox/entity-times.repository.js';
import { backOffMs } from './back-off.js';
import { DeliverySettledBefore, type DeliveryOutcome } from './delivery-handler.js';
import { DueDeliveries } from './due-deliveries.repository.js';

/** What kept an attempt from its end. */
export interface Failure {
  readonly reason: string;
  readonly message: string;
  /** No attempt will do. */
  readonly final: boolean;
  /** What is missing can come by itself or by an operator: a secret, room in the queue, a disk. */
  readonly passing?: boolean;
}

/** How long it is tried again while what is missing can still come. */
const PASSING_MS = 24 * 3_600_000;

export type Claim = 'claimed' | 'outdated' | 'failed' | 'gone';

/** The changes of a delivery on its way from `pending`. Each looks at the row inside its transaction. */
@Injectable()
export class Settling {
  constructor(
    private readonly transactions: Transactions,
    private readonly deliveries: Deliveries,
    private readonly times: EntityTimes,
    private readonly due: DueDeliveries,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts an attempt, before it begins: one that kills the service is not tried for ever. `outdated`:
   * it may begin, and something newer of the same thing has taken effect.
   */
  claim(id: string): Promise<Claim> {
    return this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const row = await this.deliveries.findIn(tx.manager, id);
      if (row?.status !== 'pending') return 'gone';
      if (row.attempts >= row.attemptLimit) {
        const reason = row.reason ?? 'attempts_used_up';
        await this.#fail(tx, row, reason, row.message ?? 'No attempt came to an end');
        return 'failed';
      }
      await this.deliveries.update(tx.manager, id, { attempts: row.attempts + 1 });
      return (await this.#isOutdated(tx, row)) ? 'outdated' : 'claimed';
    });
  }

  /** @throws DeliverySettledBefore */
  async settle(tx: Transaction, id: string, outcome: DeliveryOutcome): Promise<void> {
    const row = await this.deliveries.findIn(tx.manager, id);
    if (row?.status !== 'pending') throw new DeliverySettledBefore(id);
    const { status, rule = null, reason = null, message = null, considered } = outcome;
    const runId = (outcome.status === 'handled' && outcome.runId) || null;
    const decided = considered === undefined ? null : JSON.stringify(considered);
    await this.#end(tx, id, { status, rule, runId, reason, message, considered: decided });
    await this.#apply(tx, row);
  }

  /** After an attempt that failed: puts it and its lane off, or gives it up where `final` or no more are left. */
  retryLater(id: string, failure: Failure): Promise<'retried' | 'failed' | 'gone'> {
    const { reason, message, final, passing = false } = failure;
    const chance = Math.random();
    return this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const row = await this.deliveries.findIn(tx.manager, id);
      if (row?.status !== 'pending') return 'gone';
      const now = this.clock.now();
      const patient = passing && now - row.receivedAt < PASSING_MS;
      if (final || (row.attempts >= row.attemptLimit && !patient)) {
        await this.#fail(tx, row, reason, message);
        return 'failed';
      }
      const nextAttemptAt = now + backOffMs(row.attempts, chance);
      const attemptLimit = Math.max(row.attemptLimit, row.attempts + 1);
      const changes = { reason, message, nextAttemptAt, attemptLimit };
      await this.deliveries.update(tx.manager, id, changes);
      await this.due.hold(tx.manager, row.lane, nextAttemptAt);
      return 'retried';
    });
  }

  /** Those that came after the head was put off wait as it does. */
  hold(lane: string, until: number): Promise<void> {
    return this.transactions.run(SYSTEM_ORIGIN, (tx) => this.due.hold(tx.manager, lane, until));
  }

  async #isOutdated(
    tx: Transaction,
    { source, entity, occurredAt }: DeliverySummary,
  ): Promise<boolean> {
    if (entity === null) return false;
    const applied = await this.times.appliedAt(tx.manager, source, entity);
    return applied !== null && applied > occurredAt;
  }

  /** What was told last is so, whatever came of it. */
  async #apply(tx: Transaction, { source, entity, occurredAt }: DeliverySummary): Promise<void> {
    if (entity === null) return;
    await this.times.apply(tx.manager, { source, entity, occurredAt, now: this.clock.now() });
  }

  async #fail(
    tx: Transaction,
    row: DeliverySummary,
    reason: string,
    message: string,
  ): Promise<void> {
    const { id, source, attempts } = row;
    await this.#apply(tx, row);
    await this.#end(tx, id, { status: 'failed', reason, message });
    tx.audit({ action: 'webhook.failed', target: id, details: { source, reason, attempts } });
  }

  #end(tx: Transaction, id: string, changes: Parameters<Deliveries['update']>[2]): Promise<void> {
    return this.deliveries.update(tx.manager, id, { ...changes, handledAt: this.clock.now() });
  }
}
