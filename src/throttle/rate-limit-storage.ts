import type { ThrottlerStorage } from '@nestjs/throttler';

import type { RateGroupName } from '../kernel/route-metadata.js';
import { addressKey } from './address-key.js';
import { WindowTable, type WindowState } from './window-table.js';

export type LimitedGroup = Exclude<RateGroupName, 'none'>;

export const WINDOW_MS = 60_000;

/** Twice a million, so that a million addresses find room; 32 MiB a group. */
const SLOTS_PER_GROUP = 1 << 21;

/** The memory of the rate limits: one table a group, of a size that no number of clients changes. */
export class RateLimitStorage implements ThrottlerStorage {
  readonly #tables: Readonly<Record<LimitedGroup, WindowTable>>;

  constructor(now: () => number, slotsPerGroup = SLOTS_PER_GROUP) {
    this.#tables = {
      api: new WindowTable(slotsPerGroup, WINDOW_MS, now),
      webhooks: new WindowTable(slotsPerGroup, WINDOW_MS, now),
    };
  }

  hit(group: LimitedGroup, address: string): WindowState {
    return this.#tables[group].hit(addressKey(address));
  }

  /** The same through the throttler's port: `key` is the address and `throttlerName` the group. */
  increment(
    key: string,
    _ttl: number,
    limit: number,
    _blockDuration: number,
    throttlerName: string,
  ): ReturnType<ThrottlerStorage['increment']> {
    const { hits, remainingMs } = this.hit(throttlerName as LimitedGroup, key);
    const seconds = Math.ceil(remainingMs / 1000);
    const isBlocked = hits > limit;
    return Promise.resolve({
      totalHits: hits,
      timeToExpire: seconds,
      isBlocked,
      timeToBlockExpire: isBlocked ? seconds : 0,
    });
  }
}
