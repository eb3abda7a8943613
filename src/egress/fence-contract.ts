import type { DeniedPeers } from '../auth/denied-peers.js';
import type { Clock } from '../kernel/clock.js';
import type { FenceBackend } from './fence-backend.js';
import type { FenceFault } from './fence-error.js';
import type { FencedBridge, Grant } from './fenced-bridge.js';

export interface FenceBreak extends FenceFault {
  /** `false`: the fence does not stand, and whatever runs behind it must be stopped. */
  readonly repaired: boolean;
}

export interface FenceStanding {
  readonly standing: boolean;
  readonly reason?: string;
  readonly remedy?: string;
  readonly backend?: string;
}

export interface BridgeToFence {
  readonly bridge: FencedBridge;
  /** What its sandboxes hold from an earlier process. */
  readonly kept: readonly Grant[];
}

export interface FenceOptions {
  /** Of both tables: `tableName(instanceId)`. */
  readonly table: string;
  /** In order of preference. */
  readonly backends: readonly FenceBackend[];
  readonly deniedPeers: DeniedPeers;
  readonly clock: Clock;
  readonly watchIntervalMs?: number;
}

/** How things are until a fence was put up. */
export const NOT_PLACED: FenceFault = {
  reason: 'no network of sandboxes has been fenced yet',
  remedy: 'wait until the container engine answers',
};
