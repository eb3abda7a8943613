import { Injectable } from '@nestjs/common';

import { Metrics } from '../../metrics/metrics.js';
import type { Decision, DecisionReason } from './decision.js';

type Outcome = 'allowed' | 'denied' | 'cut';

/** Counts every decision, also those that share a row. */
@Injectable()
export class DecisionMetrics {
  constructor(private readonly metrics: Metrics) {}

  denied({ reason }: Decision): void {
    this.#count('denied', reason);
  }

  opened({ reason }: Decision): void {
    this.#count('allowed', reason);
    this.metrics.egressConnections.inc();
  }

  closed(end: { bytesUp: number; bytesDown: number; reason?: DecisionReason | undefined }): void {
    if (end.reason !== undefined) this.#count('cut', end.reason);
    this.metrics.egressBytes.inc({ direction: 'up' }, end.bytesUp);
    this.metrics.egressBytes.inc({ direction: 'down' }, end.bytesDown);
    this.metrics.egressConnections.dec();
  }

  #count(outcome: Outcome, reason: DecisionReason | null): void {
    this.metrics.egressDecisions.inc({ outcome, reason: reason ?? 'none' });
  }
}
