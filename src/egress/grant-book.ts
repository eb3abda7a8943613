import type { Clock } from '../kernel/clock.js';
import type { Grant } from './fenced-bridge.js';

/** The grants that this process gave, by address, with the time that is left of each. */
export class GrantBook {
  readonly #clock: Clock;
  readonly #entries = new Map<string, { grant: Grant; endsAtMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Call it after the kernel has the grant, so that ours never ends before the kernel's. */
  add(grant: Grant): void {
    const endsAtMs = this.#clock.monotonicMs() + grant.seconds * 1000;
    this.#entries.set(grant.address, { grant, endsAtMs });
  }

  get(address: string): Grant | undefined {
    return this.#entries.get(address)?.grant;
  }

  remove(address: string): void {
    this.#entries.delete(address);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** `seconds` is what is left, rounded up; grants that have ended are left out. */
  live(): Grant[] {
    const now = this.#clock.monotonicMs();
    return [...this.#entries.values()].flatMap(({ grant, endsAtMs }) => {
      const seconds = Math.ceil((endsAtMs - now) / 1000);
      return seconds > 0 ? [{ ...grant, seconds }] : [];
    });
  }
}
