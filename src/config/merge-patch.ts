export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 7396: `null` removes a member, an object is merged, anything else takes the place of what was. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const merged = new Map(isJsonObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/** `over` on top of `under`: objects key by key, anything else, `null` too, as it is in `over`. */
export function laidOver(under: unknown, over: unknown): unknown {
  if (!isJsonObject(under) || !isJsonObject(over)) return over;
  const both = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    both.set(key, both.has(key) ? laidOver(both.get(key), value) : value);
  }
  return Object.fromEntries(both);
}

/** Every value that is no object with members, by its dotted path. */
export function leavesOf(value: unknown, path = ''): Map<string, unknown> {
  const members = isJsonObject(value) ? Object.entries(value) : [];
  if (members.length === 0) {
    // An object without members says nothing.
    return new Map(path === '' || isJsonObject(value) ? [] : [[path, value]]);
  }
  return new Map(
    members.flatMap(([key, member]) => [...leavesOf(member, path === '' ? key : `${path}.${key}`)]),
  );
}
