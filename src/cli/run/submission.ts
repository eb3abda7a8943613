import type { ServiceClient } from '../service-client.js';
import { isTransient, ServiceRefusal, ServiceUnreachable } from '../service/service-error.js';
import type { Interrupts } from './interrupts.js';
import type { Persistent } from './persistent.js';
import type { RunRequestBody } from './run-options.js';
import type { RunView } from './run-view.js';

/** Ctrl-C came before anything reached the service. */
export class NothingStarted extends Error {}

/**
 * Hands a run over, once, however often it has to be sent: each time with the same key.
 *
 * After an interrupt it goes on only when an earlier attempt may have arrived, since then the answer
 * alone tells which run there is to cancel.
 */
export class Submission {
  #mayHaveArrived = false;

  constructor(
    private readonly client: ServiceClient,
    private readonly persistent: Persistent,
    private readonly interrupts: Interrupts,
  ) {}

  /** @throws NothingStarted, CliError */
  submit(body: RunRequestBody, idempotencyKey: string): Promise<RunView> {
    const headers = { 'idempotency-key': idempotencyKey };
    return this.persistent.call(
      () => {
        if (this.interrupts.happened && !this.#mayHaveArrived) throw new NothingStarted();
        return this.client.request<RunView>('POST', '/runs', { body, headers });
      },
      { onFailure: (error) => this.#remember(error), wake: this.interrupts.signal },
    );
  }

  #remember(error: Error): void {
    if (!isTransient(error) || error instanceof ServiceRefusal) return;
    if (!(error instanceof ServiceUnreachable && error.notDelivered)) this.#mayHaveArrived = true;
  }
}
