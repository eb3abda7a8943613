/** As deep as what the API takes; deeper, and whoever walks through it may run out of stack. */
const MOST_LEVELS = 64;

/** Whether a value as JSON gives it is nested further than anything should be. Never overflows itself. */
export function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth <= MOST_LEVELS; depth += 1) {
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? (Object.values(one) as unknown[]) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}
