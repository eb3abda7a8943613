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
    const failures: unknown[] = [];
    const note = (error: unknown): void => void failures.push(error);
    await Promise.all(this.#listeners.map((listener) => listener(rows).catch(note)));
    if (failures.length > 0) throw new AggregateError(failures);
  }
}
