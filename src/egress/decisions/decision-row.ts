import { newId } from '../../kernel/ids.js';
import type { Decision, DecisionReason } from './decision.js';
import type { StoredDecision } from './stored-decision.js';

export interface ConnectionEnd {
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly durationMs: number;
  readonly status?: number | null;
  /** Where it was cut. */
  readonly reason?: DecisionReason | undefined;
}

/** A row while it may still change. */
export class DecisionRow {
  /** Given when it is first written. */
  seq: number | null = null;
  #reason: DecisionReason | null;
  #status: number | null;
  #bytesUp = 0;
  #bytesDown = 0;
  #longestMs: number | null;
  #count = 0;
  #open = 0;
  #heir: DecisionRow | null = null;

  constructor(
    readonly first: Decision,
    private readonly id: string = newId(),
  ) {
    this.#reason = first.reason;
    this.#status = first.status ?? null;
    this.#longestMs = first.allowed ? null : 0;
  }

  static restored(stored: StoredDecision): DecisionRow {
    const row = new DecisionRow(stored, stored.id);
    row.seq = stored.seq;
    row.#bytesUp = stored.bytesUp;
    row.#bytesDown = stored.bytesDown;
    row.#longestMs = stored.durationMs;
    row.#count = stored.count;
    return row;
  }

  /** The row that counts what this one did: itself, or the one that took its place. */
  get current(): DecisionRow {
    return this.#heir?.current ?? this;
  }

  counted(): void {
    this.#count += 1;
  }

  opened(): void {
    this.counted();
    this.#open += 1;
  }

  closed({ bytesUp, bytesDown, durationMs, reason, status }: ConnectionEnd): void {
    this.#open -= 1;
    this.#bytesUp += bytesUp;
    this.#bytesDown += bytesDown;
    this.#longestMs = Math.max(this.#longestMs ?? 0, durationMs);
    this.#reason = reason ?? this.#reason;
    // Several may have been answered in several ways.
    if (this.first.method) this.#status = status ?? this.#status;
  }

  /** Hands all that it counted, and what is still to come, to a row that was there before it. */
  moveInto(heir: DecisionRow): void {
    heir.#count += this.#count;
    heir.#open += this.#open;
    heir.#bytesUp += this.#bytesUp;
    heir.#bytesDown += this.#bytesDown;
    if (this.#longestMs !== null) {
      heir.#longestMs = Math.max(heir.#longestMs ?? 0, this.#longestMs);
    }
    this.#heir = heir;
  }

  stored(seq: number): StoredDecision {
    return {
      id: this.id,
      seq,
      runId: this.first.runId,
      turn: this.first.turn,
      at: this.first.at,
      host: this.first.host,
      port: this.first.port,
      allowed: this.first.allowed,
      rule: this.first.rule,
      reason: this.#reason,
      route: this.first.route ?? null,
      method: this.first.method ?? null,
      path: this.first.path ?? null,
      status: this.#status,
      bytesUp: this.#bytesUp,
      bytesDown: this.#bytesDown,
      durationMs: this.#open > 0 ? null : this.#longestMs,
      count: this.#count,
    };
  }
}
