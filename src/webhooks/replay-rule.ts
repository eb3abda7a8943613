export type ReplayWindow = 'retries' | 'strict';

/** A signed time may be as old as this, or as far ahead, for clocks and for the way. */
export const FRESH_MS = 60_000;

/** Linear sends again after 1 minute, 1 hour and 6 hours, with the body and so with the time of the first try. */
export const RETRIES_MS = 8 * 3_600_000;

/**
 * What the signed time of a delivery means. `fresh`: taken. `late`: taken where its body is new, as a
 * retry. `refused`: too old, or ahead. Whatever was received before is a duplicate, however old it is.
 */
export function judgeTime(
  signedAt: number,
  now: number,
  window: ReplayWindow,
): 'fresh' | 'late' | 'refused' {
  const age = now - signedAt;
  if (Math.abs(age) <= FRESH_MS) return 'fresh';
  return window === 'retries' && age > 0 && age <= RETRIES_MS ? 'late' : 'refused';
}
