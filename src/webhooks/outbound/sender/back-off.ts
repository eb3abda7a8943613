const FIRST_MS = 2000;
const LONGEST_BACK_OFF_MS = 900_000;
/** Sooner would be the same moment. */
const LEAST_MS = 100;
/** What a server asks for beyond that is not waited for. */
const LONGEST_ASKED_MS = 3_600_000;

/** No pause between two attempts is longer. */
export const LONGEST_PAUSE_MS = LONGEST_ASKED_MS * 1.1;

/**
 * How long to wait after so many failed attempts: by chance anything up to a bound that doubles each
 * time, so that what failed together comes back apart. `chance`: from 0 to below 1.
 */
export function backOffMs(attempts: number, chance: number): number {
  const bound = Math.min(FIRST_MS * 2 ** Math.max(0, attempts - 1), LONGEST_BACK_OFF_MS);
  return Math.max(LEAST_MS, Math.round(bound * chance));
}

/** As long as a server asked for, an hour at most, and by chance up to a tenth longer. */
export function askedPauseMs(askedMs: number, chance: number): number {
  const asked = Math.min(Math.max(askedMs, LEAST_MS), LONGEST_ASKED_MS);
  return Math.round(asked * (1 + chance / 10));
}
