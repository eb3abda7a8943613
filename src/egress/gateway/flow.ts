import type { Socket } from 'node:net';

import type { DecisionReason, OpenDecision } from '../decisions/decision.js';
import type { Target } from './allowlist-match.js';
import type { GatewayTimings } from './gateway-options.js';
import type { Passage } from './target-judge.js';

/** A connection to a target that was let through. */
export interface Opened {
  readonly target: Target;
  readonly passage: Passage;
  readonly socket: Socket;
  /** The one that was dialled. */
  readonly address: string;
}

/** Of whom it is one. */
export interface FlowOwner {
  readonly flows: Set<Flow>;
  /** May cut flows, this one too. */
  count(bytes: number): void;
}

export interface FlowParts {
  readonly session: FlowOwner;
  readonly opened: Opened;
  /** Writes down that it is allowed; `observed`: only because nothing is enforced. */
  record(observed: boolean): OpenDecision;
  /** Ends both sides at once. */
  destroy(): void;
}

/**
 * One connection of a sandbox to somewhere else, from its dialling to its end. Exactly one decision is
 * written down for it: that it is allowed, at the latest when it ends, unless it is refused before.
 */
export class Flow {
  readonly opened: Opened;
  readonly #parts: FlowParts;
  #decision: OpenDecision | null = null;
  #over = false;
  #observed = false;
  #halfOpen = false;
  #moved = 0;
  #movedBefore = -1;
  #quietSince = 0;

  constructor(parts: FlowParts) {
    this.#parts = parts;
    this.opened = parts.opened;
    parts.session.flows.add(this);
  }

  get over(): boolean {
    return this.#over;
  }

  /** Whether it is allowed only because nothing was enforced. */
  get isObserved(): boolean {
    return this.#observed;
  }

  allow(observed: boolean): void {
    if (this.#over || this.#decision !== null) return;
    this.#observed = observed || this.opened.passage.observed;
    this.#decision = this.#parts.record(this.#observed);
  }

  /** Ends it without a word on what was allowed, where nothing was yet. */
  refuse(reason: DecisionReason): void {
    if (this.#decision === null) this.#leave();
    else this.end(reason);
  }

  /** Before bytes are passed on: whether they may be. Where not, the flow is over. */
  count(bytes: number): boolean {
    this.#moved += bytes;
    if (!this.#over) this.#parts.session.count(bytes);
    return !this.#over;
  }

  sideEnded(): void {
    this.#halfOpen = true;
  }

  /** Ends it when nothing has moved for too long. */
  look(now: number, { idleMs, halfOpenMs }: GatewayTimings): void {
    if (this.#moved !== this.#movedBefore) {
      this.#movedBefore = this.#moved;
      this.#quietSince = now;
    } else if (now - this.#quietSince >= (this.#halfOpen ? halfOpenMs : idleMs)) {
      this.cut();
    }
  }

  /** Ends both sides; `reason` where that is not for quietness. */
  cut(reason?: DecisionReason): void {
    this.end(reason);
    this.#parts.destroy();
  }

  /** The sides have ended, or are about to; more calls do nothing. */
  end(reason?: DecisionReason): void {
    this.allow(false);
    if (!this.#leave()) return;
    const { bytesWritten: bytesUp, bytesRead: bytesDown } = this.opened.socket;
    this.#decision?.close({ bytesUp, bytesDown, ...(reason && { reason }) });
  }

  #leave(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#parts.session.flows.delete(this);
    return true;
  }
}
