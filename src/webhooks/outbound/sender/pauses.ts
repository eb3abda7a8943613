import type { BackOff } from '../../../kernel/back-off.js';

/** Between two attempts to send a message. */
export const SEND_BACK_OFF: BackOff = { firstMs: 2000, longestMs: 900_000 };

/** Sooner would be the same moment. */
const LEAST_MS = 100;
/** What a server asks for beyond that is not waited for. */
const LONGEST_ASKED_MS = 3_600_000;

/** No pause between two attempts is longer. */
export const LONGEST_PAUSE_MS = LONGEST_ASKED_MS * 1.1;

/** As long as a server asked for, an hour at most, and by chance up to a tenth longer. */
export function askedPauseMs(askedMs: number, chance: number): number {
  const asked = Math.min(Math.max(askedMs, LEAST_MS), LONGEST_ASKED_MS);
  return Math.round(asked * (1 + chance / 10));
}
