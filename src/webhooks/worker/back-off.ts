const FIRST_MS = 1000;

/** The longest pause between two attempts. */
export const LONGEST_BACK_OFF_MS = 300_000;

/**
 * How long to wait after so many failed attempts: twice as long each time, and by chance up to half
 * of it less, so that what failed together does not come again together. `chance`: from 0 to below 1.
 */
export function backOffMs(attempts: number, chance: number): number {
  const whole = Math.min(FIRST_MS * 2 ** Math.max(0, attempts - 1), LONGEST_BACK_OFF_MS);
  return Math.round(whole * (1 - chance / 2));
}
