import { Injectable, Logger } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { RetentionClock, type ClockAhead } from './retention-clock.repository.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Clock and count of this process at one moment. */
interface Moment {
  readonly wall: number;
  readonly count: number;
}

/**
 * The time by which something may be removed for good. A clock that is more than a day ahead of the
 * last time that was believed is believed only when the service has run with it for a day by its own
 * count, in one life or several: a wrong clock is noticed by then, or it is right.
 */
@Injectable()
export class BelievedTime {
  readonly #logger = new Logger('Retention');
  /** When a clock that is ahead was looked at last by this process. */
  #seen: Moment | null = null;

  constructor(
    private readonly kept: RetentionClock,
    private readonly clock: Clock,
  ) {}

  /** Milliseconds since 1970; `null` while the clock is not believed. */
  async now(): Promise<number | null> {
    const moment = { wall: this.clock.now(), count: this.clock.monotonicMs() };
    const { wall } = moment;
    const { last, ahead } = await this.kept.look();
    if (last !== null && wall - last > DAY_MS) {
      const forMs = this.#ranWith(moment, ahead);
      this.#seen = moment;
      if (forMs === null) this.#warn(wall - last);
      if ((forMs ?? 0) < DAY_MS) {
        await this.kept.keepAhead({ at: wall, forMs: forMs ?? 0 });
        return null;
      }
    }
    this.#seen = null;
    if (last === null || ahead !== null || Math.abs(wall - last) > MINUTE_MS) {
      await this.kept.keep(wall);
    }
    return wall;
  }

  /** For how long the service has run with this clock; `null`: it was set since, or is seen first now. */
  #ranWith({ wall, count }: Moment, ahead: ClockAhead | null): number | null {
    if (ahead === null) return null;
    if (this.#seen === null) {
      // What passed between two lives nobody counted; a clock may be as far ahead of it as ever.
      const away = wall - ahead.at;
      return away < -HOUR_MS || away > DAY_MS ? null : ahead.forMs;
    }
    const passed = count - this.#seen.count;
    const jumped = wall - this.#seen.wall - passed;
    return Math.abs(jumped) > HOUR_MS ? null : ahead.forMs + passed;
  }

  #warn(aheadMs: number): void {
    const days = Math.floor(aheadMs / DAY_MS);
    this.#logger.warn(
      `the clock is ${days} day(s) ahead of when retention went by it last; nothing is removed ` +
        'until the service has run for a day with it',
    );
  }
}
