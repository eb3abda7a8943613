import type { Transaction } from '../../persistence/transactions.js';
import type { WebhookEvent } from '../rules/event.js';
import type { ConsideredRule } from '../rules/match-rules.js';

/** A delivery as it is handed to whoever acts on it. */
export interface HandedDelivery {
  readonly id: string;
  readonly source: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The thing whose state it tells, as the inbox names it. */
  readonly entity: string | null;
  /** When what it tells was so. Milliseconds. */
  readonly occurredAt: number;
  readonly event: WebhookEvent;
  /**
   * What was told of the same thing for a later time, and took effect before this one; `null`: nothing
   * was. `gone`: something was, and is not kept any more.
   */
  readonly newer: WebhookEvent | 'gone' | null;
}

/** What came of a delivery. */
export type DeliveryOutcome =
  | {
      readonly status: 'handled';
      readonly rule: string;
      readonly runId?: string | undefined;
      /** A stable word, and the same for people. */
      readonly reason?: string | undefined;
      readonly message?: string | undefined;
      readonly considered?: readonly ConsideredRule[] | undefined;
    }
  | {
      readonly status: 'ignored' | 'superseded';
      /** That matched, and did nothing all the same. */
      readonly rule?: string | undefined;
      readonly reason: string;
      readonly message?: string | undefined;
      readonly considered?: readonly ConsideredRule[] | undefined;
    };

/**
 * Notes the outcome in the transaction of the effect, once: both are there after it, or neither. What
 * it throws has to go through the work, so that the effect is taken back with it.
 */
export type Settle = (tx: Transaction, outcome: DeliveryOutcome) => Promise<void>;

/**
 * Decides on a delivery and carries it out. It is given those of an issue one after another, in the
 * order of their own times, and the same one again after a failure or a crash, until it has settled it.
 */
export abstract class DeliveryHandler {
  /**
   * Answers with the outcome where it is all that there is to note; `null`: `settle` was called in a
   * transaction that has committed.
   * @throws DeliveryRejected where no attempt could end otherwise; after anything else it is tried again
   */
  abstract handle(delivery: HandedDelivery, settle: Settle): Promise<DeliveryOutcome | null>;
}

/** No attempt will do: the delivery becomes a dead letter at once. */
export class DeliveryRejected extends Error {
  constructor(
    /** A stable word. */
    readonly reason: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DeliveryRejected';
  }
}

/** It is not pending any more. Thrown by `Settle`. */
export class DeliverySettledBefore extends Error {
  constructor(id: string) {
    super(`delivery ${id} is settled already`);
    this.name = 'DeliverySettledBefore';
  }
}
