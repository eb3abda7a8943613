import { Injectable, Logger } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import { LogSample } from '../kernel/log-sample.js';
import { Metrics } from '../metrics/metrics.js';
import { Admission } from './admission.js';
import type { Arrival } from './inbox/arrivals.repository.js';
import { factsOf } from './delivery-facts.js';
import { parseBody } from './parse-payload.js';
import type { ConfiguredSource } from './secrets/configured-sources.js';
import { notConfigured, SignatureGate } from './signature-gate.js';
import type { SignedRequest } from './webhook-source.js';
import { senderOf, WebhookSources } from './webhook-sources.js';

/** Refusals that the metric tells apart; every other error is `unavailable` there. */
const COUNTED: ReadonlySet<string> = new Set([
  'webhook_not_configured',
  'signature_missing',
  'signature_invalid',
  'invalid_payload',
  'invalid_delivery_id',
  'event_missing',
  'replay_rejected',
]);

/**
 * From a request to a durable delivery, in the order of the contract: configured, signed, readable,
 * named, in time, new. Nothing here waits for the engine or for what the delivery will lead to.
 */
@Injectable()
export class WebhookIntake {
  readonly #logger = new Logger('Webhooks');
  readonly #sample = new LogSample();

  constructor(
    private readonly sources: WebhookSources,
    private readonly gate: SignatureGate,
    private readonly admission: Admission,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Answers when the delivery is durable.
   * @param id `linear`, `github`, `standard/<name>`
   * @throws DomainError as the routes document
   */
  async receive(id: string, request: SignedRequest, requestId: string): Promise<Arrival> {
    const source = this.sources.configured.get(id);
    // Names that nobody configured would be as many series as somebody likes.
    const label = source?.id ?? 'unknown';
    try {
      if (source === undefined) throw notConfigured();
      const arrival = await this.#take(source, request, requestId);
      this.#count(label, arrival.duplicate ? 'duplicate' : 'accepted');
      return arrival;
    } catch (error) {
      const code = error instanceof DomainError ? error.code : 'internal_error';
      this.#count(label, COUNTED.has(code) ? code : 'unavailable');
      const leftOut = this.#sample.next(`${label} ${code}`);
      const facts = { source: label, code, requestId, leftOut };
      if (leftOut !== null) this.#logger.warn(facts, 'delivery refused');
      throw error;
    }
  }

  async #take(
    source: ConfiguredSource,
    request: SignedRequest,
    requestId: string,
  ): Promise<Arrival> {
    await this.gate.verify(source, request);
    const { id, kind } = source;
    const { text, payload } = parseBody(request.body);
    const identity = kind.identify(request, payload);
    const facts = factsOf(kind.read(payload, identity.eventName, senderOf(id)));
    return this.admission.admit({ source: id, identity, facts, payload: text }, requestId);
  }

  #count(source: string, outcome: string): void {
    this.metrics.webhookDeliveries.inc({ source, outcome });
  }
}
