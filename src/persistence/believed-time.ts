import { Injectable, Logger } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { RetentionClock } from './retention-clock.repository.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** A clock that is ahead: by how much of the count that nobody sets, and since when by that count. */
interface Ahead {
  offset: number;
  since: number;
}

/**
 * The time by which something may be removed for good. A clock that is more than a day ahead of the
 * last time that was believed is believed only when it has stayed so through a day of this process's
 * own count: a wrong clock is noticed by then, or it is right.
 */
@Injectable()
export class BelievedTime {
  readonly #logger = new Logger('Retention');
  #ahead: Ahead | null = null;

  constructor(
    private readonly kept: RetentionClock,
    private readonly clock: Clock,
  ) {}

  /** Milliseconds since 1970; `null` while the clock is not believed. */
  async now(): Promise<number | null> {
    const wall = this.clock.now();
    const last = await this.kept.last();
    if (last !== null && wall - last > DAY_MS && !this.#hasStayed(wall, last)) return null;
    this.#ahead = null;
    if (last === null || Math.abs(wall - last) > MINUTE_MS) await this.kept.keep(wall);
    return wall;
  }

  #hasStayed(wall: number, last: number): boolean {
    const since = this.clock.monotonicMs();
    const offset = wall - since;
    if (this.#ahead === null || Math.abs(offset - this.#ahead.offset) > HOUR_MS) {
      this.#ahead = { offset, since };
      const days = Math.floor((wall - last) / DAY_MS);
      this.#logger.warn(
        `the clock is ${days} day(s) ahead of when retention went by it last; nothing is removed ` +
          'until the service has run for a day with it',
      );
    }
    return since - this.#ahead.since >= DAY_MS;
  }
}
