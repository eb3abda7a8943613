/** How many objects and arrays within one another are taken from outside, the outermost included. */
export const MOST_LEVELS = 64;

/** Whether a value as JSON gives it has more levels than that. Itself goes no deeper. */
export function isTooDeep(value: unknown, levels = MOST_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  const members = value as Readonly<Record<string, unknown>>;
  for (const name in members) if (isTooDeep(members[name], levels - 1)) return true;
  return false;
}
