import { Injectable } from '@nestjs/common';

import { backOffMs } from '../../kernel/back-off.js';
import { Clock } from '../../kernel/clock.js';
import { Gathering } from '../../kernel/gathering.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions, type Transaction } from '../../persistence/transactions.js';
import { MOST_DRAFTS } from '../../persistence/work-scope.js';
import { Deliveries } from '../inbox/delivery.repository.js';
import { EntityTimes, type AppliedState } from '../inbox/entity-times.repository.js';
import { DeliverySettledBefore, type DeliveryOutcome } from './delivery-handler.js';
import { DueDeliveries } from './due-deliveries.repository.js';
import { HANDLE_BACK_OFF } from './pauses.js';
import {
  PendingDeliveries,
  type DeliveryEnd,
  type PendingDelivery,
} from './pending-deliveries.repository.js';

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

interface Settled {
  readonly id: string;
  readonly outcome: DeliveryOutcome;
}

/**
 * The changes of deliveries on their way from `pending`. Each looks at the row inside its transaction.
 * Those of the same moment share a work and its statements.
 */
@Injectable()
export class Settling {
  readonly #claims: Gathering<string, Claim>;
  readonly #settles: Gathering<Settled, boolean>;

  constructor(
    private readonly transactions: Transactions,
    private readonly deliveries: Deliveries,
    private readonly pending: PendingDeliveries,
    private readonly times: EntityTimes,
    private readonly due: DueDeliveries,
    private readonly clock: Clock,
  ) {
    // A claim that is the last leaves an audit row.
    this.#claims = new Gathering(MOST_DRAFTS, (ids) =>
      transactions.run(SYSTEM_ORIGIN, (tx) => this.#claimAll(tx, ids)),
    );
    this.#settles = new Gathering(MOST_DRAFTS, (all) =>
      transactions.run(SYSTEM_ORIGIN, (tx) => this.#settleAll(tx, all)),
    );
  }

  /**
   * Counts an attempt, before it begins: one that kills the service is not tried for ever. `outdated`:
   * it may begin, and something newer of the same thing has taken effect.
   */
  claim(id: string): Promise<Claim> {
    return this.#claims.add(id);
  }

  /**
   * In the transaction of an effect.
   * @throws DeliverySettledBefore
   */
  async settle(tx: Transaction, id: string, outcome: DeliveryOutcome): Promise<void> {
    const [settled] = await this.#settleAll(tx, [{ id, outcome }]);
    if (settled !== true) throw new DeliverySettledBefore(id);
  }

  /** Where there is no effect; `false`: it was settled before. */
  settleAlone(id: string, outcome: DeliveryOutcome): Promise<boolean> {
    return this.#settles.add({ id, outcome });
  }

  /** After an attempt that failed: puts it and its lane off, or gives it up where `final` or no more are left. */
  retryLater(id: string, failure: Failure): Promise<'retried' | 'failed' | 'gone'> {
    const { reason, message, final, passing = false } = failure;
    const chance = Math.random();
    return this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const row = (await this.pending.find(tx.manager, [id])).get(id);
      if (row === undefined) return 'gone';
      const now = this.clock.now();
      const patient = passing && now - row.receivedAt < PASSING_MS;
      if (final || (row.attempts >= row.attemptLimit && !patient)) {
        await this.#fail(tx, row, reason, message);
        return 'failed';
      }
      const nextAttemptAt = now + backOffMs(HANDLE_BACK_OFF, row.attempts, chance);
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

  async #claimAll(tx: Transaction, ids: readonly string[]): Promise<Claim[]> {
    const rows = await this.pending.find(tx.manager, ids);
    const claims = ids.map((id) => claimOf(rows.get(id)));
    const begun = ids.filter((_, at) => claims[at] === 'claimed' || claims[at] === 'outdated');
    await this.pending.countAttempt(tx.manager, begun);
    for (const [at, id] of ids.entries()) {
      const row = rows.get(id);
      if (claims[at] !== 'failed' || row === undefined) continue;
      const { reason, message } = row;
      const [word, text] = [reason ?? 'attempts_used_up', message ?? 'No attempt came to an end'];
      await this.#fail(tx, row, word, text);
    }
    return claims;
  }

  async #settleAll(tx: Transaction, all: readonly Settled[]): Promise<boolean[]> {
    const ids = all.map(({ id }) => id);
    const rows = await this.pending.find(tx.manager, ids);
    const ends = all.filter(({ id }) => rows.has(id)).map((one) => this.#endOf(one));
    await this.pending.end(tx.manager, ends);
    await this.#apply(tx, [...rows.values()]);
    return all.map(({ id }) => rows.has(id));
  }

  #endOf({ id, outcome }: Settled): DeliveryEnd {
    const { status, rule = null, reason = null, message = null, considered } = outcome;
    const runId = (outcome.status === 'handled' && outcome.runId) || null;
    const decided = considered === undefined ? null : JSON.stringify(considered);
    const handledAt = this.clock.now();
    return { id, status, rule, runId, reason, message, considered: decided, handledAt };
  }

  /** What was told last is so, whatever came of it. */
  #apply(tx: Transaction, rows: readonly PendingDelivery[]): Promise<void> {
    const told = rows.filter((row): row is PendingDelivery & AppliedState => row.entity !== null);
    return this.times.apply(tx.manager, told, this.clock.now());
  }

  async #fail(
    tx: Transaction,
    row: PendingDelivery,
    reason: string,
    message: string,
  ): Promise<void> {
    const { id, source, attempts } = row;
    await this.#apply(tx, [row]);
    const handledAt = this.clock.now();
    await this.deliveries.update(tx.manager, id, { status: 'failed', reason, message, handledAt });
    tx.audit({ action: 'webhook.failed', target: id, details: { source, reason, attempts } });
  }
}

function claimOf(row: PendingDelivery | undefined): Claim {
  if (row === undefined) return 'gone';
  const { attempts, attemptLimit, appliedAt, occurredAt } = row;
  if (attempts >= attemptLimit) return 'failed';
  return appliedAt !== null && appliedAt > occurredAt ? 'outdated' : 'claimed';
}
