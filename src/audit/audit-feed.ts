import type { AuditRow } from './audit-row.js';

export type AuditListener = (rows: readonly AuditRow[]) => Promise<void>;

/** Tells what was committed, in order, before the callers are answered. */
export class AuditFeed {
  readonly #listeners: AuditListener[] = [];

  /** What a listener throws is logged; the rows stand, and it has to catch up by itself. */
  subscribe(listener: AuditListener): void {
    this.#listeners.push(listener);
  }

  async publish(rows: readonly AuditRow[]): Promise<void> {
    const outcomes = await Promise.allSettled(this.#listeners.map((listener) => listener(rows)));
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    if (failed.length > 0) throw new AggregateError(failed.map((outcome) => outcome.reason));
  }
}
