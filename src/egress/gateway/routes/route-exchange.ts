import type { DecisionReason, OpenDecision } from '../../decisions/decision.js';
import type { AdmittedSession, SessionExchange } from '../admitted-session.js';
import type { GatewayTimings } from '../gateway-options.js';
import type { RouteInUse } from './route-book.js';

export interface ExchangeParts {
  readonly session: AdmittedSession;
  readonly use: RouteInUse;
  /** Writes down that it is allowed. */
  record(): OpenDecision;
  /** Ends both sides at once. */
  destroy(): void;
}

/**
 * One request of a sandbox on a route, to the end of its answer. Exactly one decision is written down
 * for it: that it is allowed, once there is a connection to the upstream, unless it is refused before.
 */
export class RouteExchange implements SessionExchange {
  readonly use: RouteInUse;
  readonly #parts: ExchangeParts;
  #decision: OpenDecision | null = null;
  #over = false;
  #bytesUp = 0;
  #bytesDown = 0;
  #status: number | null = null;
  #movedBefore = -1;
  #quietSince = 0;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.use = parts.use;
    parts.session.exchanges.add(this);
  }

  get over(): boolean {
    return this.#over;
  }

  /** Whether it is written down. */
  get isAllowed(): boolean {
    return this.#decision !== null;
  }

  allow(): void {
    if (this.#over) return;
    this.#decision ??= this.#parts.record();
  }

  /** Nothing of it is written down here: it is refused, and the refusal is. */
  forget(): void {
    if (this.#decision !== null || this.#over) return;
    this.#over = true;
    this.#parts.session.exchanges.delete(this);
  }

  answered(status: number): void {
    this.#status = status;
  }

  /** Before bytes of a body are passed on: whether they may be. */
  up(bytes: number): boolean {
    this.#bytesUp += bytes;
    return this.#count(bytes);
  }

  down(bytes: number): boolean {
    this.#bytesDown += bytes;
    return this.#count(bytes);
  }

  look(now: number, { idleMs }: GatewayTimings): void {
    const moved = this.#bytesUp + this.#bytesDown;
    if (moved !== this.#movedBefore) {
      this.#movedBefore = moved;
      this.#quietSince = now;
    } else if (now - this.#quietSince >= idleMs) {
      this.cut();
    }
  }

  cut(reason?: DecisionReason): void {
    this.end(reason);
    this.#parts.destroy();
  }

  /** The sides have ended, or are about to; more calls do nothing. */
  end(reason?: DecisionReason): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.session.exchanges.delete(this);
    const bytes = { bytesUp: this.#bytesUp, bytesDown: this.#bytesDown };
    this.#decision?.close({ ...bytes, status: this.#status, ...(reason && { reason }) });
  }

  #count(bytes: number): boolean {
    if (!this.#over) this.#parts.session.count(bytes);
    return !this.#over;
  }
}
