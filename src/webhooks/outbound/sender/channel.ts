import type { MessageFacts, MessageKind, OutboundTarget, Wish } from '../wishes.js';

/** A message on its way. */
export interface OutgoingMessage {
  readonly runId: string;
  readonly kind: MessageKind;
  readonly target: OutboundTarget;
  readonly wish: Wish;
  readonly facts: MessageFacts;
  readonly commentId: string;
  /** The comment is known to be there; only what comes after it is left to do. */
  readonly commented: boolean;
}

export interface Delivery {
  /** Notes that the comment is there, so that no later attempt makes it again. */
  commented(): Promise<void>;
  /** The service stops. */
  readonly stop: AbortSignal;
}

/** The way to one kind of target. */
export abstract class OutboundChannel {
  /**
   * Does what the message wishes, all of it when it resolves. May be called again for the same
   * message after a failure or a crash, and then does nothing twice.
   * @throws SendFailure
   */
  abstract deliver(message: OutgoingMessage, delivery: Delivery): Promise<void>;
}
