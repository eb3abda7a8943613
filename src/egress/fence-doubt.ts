import type { Clock } from '../kernel/clock.js';
import { hostFaultBehind } from '../kernel/host-fault.js';
import type { FenceFault } from './fence-error.js';

/** So long the machine may keep us from looking before what cannot be seen counts as broken. */
const LONGEST_MS = 30_000;

export const NOT_SEEN: FenceFault = {
  reason: 'the machine has no descriptors or no memory left to look at it',
  remedy: 'raise the limit of open files: it is looked at again',
};

/**
 * Rules stand in the kernel whether or not we can look at them: a machine that is out of something for
 * a moment is no broken fence.
 */
export class FenceDoubt {
  readonly #clock: Clock;
  #since: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the failure says nothing about the fence, and may pass. */
  allows(error: unknown): boolean {
    if (hostFaultBehind(error) === null) return false;
    const now = this.#clock.monotonicMs();
    this.#since ??= now;
    return now - this.#since < LONGEST_MS;
  }

  /** The fence was seen. */
  over(): void {
    this.#since = null;
  }
}
