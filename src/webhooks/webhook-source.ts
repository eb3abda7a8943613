import type { KeyObject } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import type { ErrorCode } from '../kernel/error-codes.js';
import type { Redacted } from '../kernel/redacted.js';
import type { WebhookEvent } from './rules/event.js';

/** A request as it came. */
export interface SignedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** `missing`: a header that carries the signature, or a part of what it signs, is not there. */
export type SignatureVerdict = 'valid' | 'invalid' | 'missing';

/** What tells a delivery from all others. */
export interface DeliveryIdentity {
  /** The sender's own. */
  readonly deliveryId: string;
  /** SHA-256, hexadecimal, of what is signed but for its time: no two deliveries share it. */
  readonly bodyHash: string;
  /** Milliseconds, as signed; `null` where the source signs no time. */
  readonly signedAt: number | null;
  /** What a header says of the event; `null` where the body says it. */
  readonly eventName: string | null;
}

/** A header of a source's deliveries, for the document. */
export interface SourceHeader {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}

/**
 * A kind of sender: how its deliveries are verified and what they say. All of it is pure. What it
 * throws is a DomainError `invalid_payload`, `invalid_delivery_id` or `event_missing`.
 */
export interface WebhookSource {
  /** In `webhooks.<name>` of the settings and in the path: `/webhooks/<name>`. */
  readonly name: string;
  /** Its path goes on with the sender's own name, `/webhooks/<name>/:source`, and so does its name. */
  readonly named: boolean;
  readonly title: string;
  /** For the document, in Markdown. */
  readonly description: string;
  readonly headers: readonly SourceHeader[];
  /** Of a delivery, for the document: a class with the properties that every body has. */
  readonly payload: new () => object;
  /** A body that it allows. */
  readonly example: object;
  /** What it throws beside the codes that every source throws. */
  readonly failsWith: readonly ErrorCode[];

  /** The key that a secret stands for; `null` for a secret that cannot be one. */
  keyOf(secret: Redacted): Buffer | null;

  /** Takes as long for every signature that is wrong, whatever is wrong about it. */
  verify(request: SignedRequest, keys: readonly KeyObject[]): SignatureVerdict;

  /** Only for a request whose signature was found to be valid; `payload` is its body. */
  identify(request: SignedRequest, payload: Payload): DeliveryIdentity;

  /**
   * What a body says, in the words of all sources; throws for none.
   *
   * @param eventName as `identify` told it
   * @param sender the sender's own name, of a source that is named; else the source's
   */
  read(payload: Payload, eventName: string | null, sender: string): WebhookEvent;
}

/** The object that a body is. */
export type Payload = Readonly<Record<string, unknown>>;
