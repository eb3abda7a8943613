import { Injectable } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { pauseAfter } from './passing-fault.js';
import type { WaitingReason } from './run-view.js';

interface PutOff {
  issue: string;
  reason: WaitingReason;
  attempts: number;
  /** As `Clock.monotonicMs`. */
  notBefore: number;
}

/** Attempts of a run that are further apart than this are not counted together. */
const FORGOTTEN_AFTER_MS = 600_000;

/** Why runs wait. Of this process alone: after a restart each of them is tried at once. */
@Injectable()
export class WaitingRoom {
  /** Why no run is started now; shown with every run that waits. `null` when only room is missing. */
  reason: WaitingReason | null = null;
  readonly #putOff = new Map<string, PutOff>();

  constructor(private readonly clock: Clock) {}

  /** What met an obstacle of its own waits longer each time, and lets others pass meanwhile. */
  putOff(run: { id: string; issue: string }, reason: WaitingReason): void {
    const now = this.clock.monotonicMs();
    for (const [id, { notBefore }] of this.#putOff) {
      if (now - notBefore > FORGOTTEN_AFTER_MS) this.#putOff.delete(id);
    }
    const attempts = (this.#putOff.get(run.id)?.attempts ?? 0) + 1;
    const notBefore = now + pauseAfter(attempts);
    this.#putOff.set(run.id, { issue: run.issue, reason, attempts, notBefore });
  }

  /** It is over, or another may have its turn. */
  forget(runId: string): void {
    this.#putOff.delete(runId);
  }

  /** Whose next run has been put off, so that no later run of theirs passes it. */
  get issues(): readonly string[] {
    return this.#waiting().map(({ issue }) => issue);
  }

  /** Milliseconds until the next of them may be tried again; `null` when none has been put off. */
  get nextInMs(): number | null {
    const times = this.#waiting().map(({ notBefore }) => notBefore);
    return times.length === 0 ? null : Math.min(...times) - this.clock.monotonicMs();
  }

  /** Why a run waits that is in the queue. */
  reasonOf(runId: string): WaitingReason | null {
    return this.reason ?? this.#putOff.get(runId)?.reason ?? null;
  }

  #waiting(): PutOff[] {
    const now = this.clock.monotonicMs();
    return [...this.#putOff.values()].filter(({ notBefore }) => notBefore > now);
  }
}
