/** In milliseconds. */
export interface BackOff {
  /** After the first attempt that failed. */
  readonly firstMs: number;
  readonly longestMs: number;
}

/**
 * How long to wait after so many failed attempts: twice as long each time, and by chance up to half
 * of it less, so that what failed together does not come again together. `chance`: from 0 to below 1.
 */
export function backOffMs(
  { firstMs, longestMs }: BackOff,
  attempts: number,
  chance: number,
): number {
  const whole = Math.min(firstMs * 2 ** Math.max(0, attempts - 1), longestMs);
  return Math.round(whole * (1 - chance / 2));
}
