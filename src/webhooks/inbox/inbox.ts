import { Injectable } from '@nestjs/common';

import { DomainError } from '../../kernel/domain-error.js';
import { Gathering } from '../../kernel/gathering.js';
import type { Origin } from '../../kernel/origin.js';
import { MOST_DRAFTS } from '../../persistence/work-scope.js';
import { Transactions, type Transaction } from '../../persistence/transactions.js';
import { Arrivals, type Arrival } from './arrivals.repository.js';
import type { DeliveryEntity } from './delivery.entity.js';

/** Each leaves one audit row. */
const MOST_AT_ONCE = MOST_DRAFTS;

/** Of bodies that wait for the database; past it senders are told to come again. */
const MOST_WAITING_CHARACTERS = 64 * 1024 * 1024;

/** So many in so long are a crowd: some hundred a second. */
const CROWD = 16;
const CROWD_WINDOW_MS = 50;

interface Stored {
  readonly row: DeliveryEntity;
  readonly origin: Origin;
}

/**
 * Where verified deliveries are stored. Those of the same moment share a work, and so a statement: a
 * flood of them costs the database little more than one.
 */
@Injectable()
export class Inbox {
  readonly #stores: Gathering<Stored, Arrival>;
  #characters = 0;
  #onStored: () => void = () => undefined;
  #window = { since: -Infinity, count: 0, before: 0 };

  constructor(
    private readonly transactions: Transactions,
    private readonly arrivals: Arrivals,
  ) {
    this.#stores = new Gathering(MOST_AT_ONCE, (batch) => this.#write(batch));
  }

  /**
   * Durable, with its audit row, when it resolves; a duplicate has changed nothing.
   * @throws DomainError `storage_busy`, `storage_unavailable`, `shutting_down`
   */
  store(row: DeliveryEntity, origin: Origin): Promise<Arrival> {
    if (this.#characters > MOST_WAITING_CHARACTERS) {
      const busy = 'Too many deliveries are waiting for the database';
      return Promise.reject(new DomainError('storage_busy', busy, { retryAfterSeconds: 1 }));
    }
    this.#characters += row.payload.length;
    this.#turnWindow().count += 1;
    return this.#stores
      .add({ row, origin })
      .finally(() => (this.#characters -= row.payload.length));
  }

  /** Many are coming now; what can wait should. */
  get isCrowded(): boolean {
    const { count, before } = this.#turnWindow();
    return count + before >= CROWD;
  }

  /** Calls `listener` after some were stored that are new. */
  onStored(listener: () => void): void {
    this.#onStored = listener;
  }

  #turnWindow() {
    const now = performance.now();
    const passed = now - this.#window.since;
    if (passed >= CROWD_WINDOW_MS) {
      const before = passed < 2 * CROWD_WINDOW_MS ? this.#window.count : 0;
      this.#window = { since: now, count: 0, before };
    }
    return this.#window;
  }

  async #write(batch: readonly Stored[]): Promise<readonly Arrival[]> {
    const rows = batch.map(({ row }) => row);
    const { origin } = batch[0] as Stored;
    const arrivals = await this.transactions.run(origin, async (tx) => {
      const found = await this.arrivals.insert(tx.manager, rows);
      for (const [index, stored] of batch.entries()) {
        if (found[index]?.duplicate === false) auditOf(tx, stored);
      }
      return found;
    });
    if (arrivals.some(({ duplicate }) => !duplicate)) this.#onStored();
    return arrivals;
  }
}

function auditOf(tx: Transaction, { row, origin }: Stored): void {
  const { source, deliveryId, type, action } = row;
  const details = { source, deliveryId, type, action };
  tx.audit({ action: 'webhook.received', target: row.id, details }, origin);
}
