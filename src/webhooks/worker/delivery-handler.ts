import type { Transaction } from '../../persistence/transactions.js';
import type { DeliveryEntity } from '../inbox/delivery.entity.js';
import { parsePayload } from '../parse-payload.js';
import type { Payload } from '../webhook-source.js';

/** A delivery as it is handed to whoever acts on it. */
export interface HandedDelivery {
  readonly id: string;
  readonly source: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** What it is about, as its source says: of GitHub the event, which is in no payload. */
  readonly type: string;
  /** Of its issue, as its workspace is named. */
  readonly issue: string | null;
  readonly occurredAt: number;
  readonly receivedAt: number;
  /** The body, read. */
  readonly payload: Payload;
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
    }
  | { readonly status: 'ignored'; readonly reason: string; readonly message?: string | undefined };

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
   * Returns when `settle` was called in a transaction that has committed.
   * @throws DeliveryRejected where no attempt could end otherwise; after anything else it is tried again
   */
  abstract handle(delivery: HandedDelivery, settle: Settle): Promise<void>;
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

/** Something newer of the same thing has been handled meanwhile. Thrown by `Settle`. */
export class DeliverySuperseded extends Error {
  constructor() {
    super('something newer of the same thing was handled');
    this.name = 'DeliverySuperseded';
  }
}

/** It is not pending any more. Thrown by `Settle`. */
export class DeliverySettledBefore extends Error {
  constructor(id: string) {
    super(`delivery ${id} is settled already`);
    this.name = 'DeliverySettledBefore';
  }
}

/** For the attempt that was just claimed. */
export function handed(row: DeliveryEntity): HandedDelivery {
  const { id, source, attempts, type, issue, occurredAt, receivedAt } = row;
  const payload = parsePayload(Buffer.from(row.payload, 'utf8'));
  return { id, source, attempt: attempts + 1, type, issue, occurredAt, receivedAt, payload };
}
