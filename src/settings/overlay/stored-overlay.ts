import { createHash } from 'node:crypto';

import { isJsonObject, leavesOf, type JsonObject } from '../../config/merge-patch.js';
import { overlaid } from '../../config/overlaid-settings.js';
import type { Settings } from '../../config/settings.js';

/** What a stored text makes of the settings of the start, or why it cannot. */
export function readOverlay(
  base: Settings,
  text: string,
): { overlay: JsonObject; settings: Settings } | { problems: string[] } {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return { problems: ['it is not JSON'] };
  }
  if (!isJsonObject(content)) return { problems: ['it is not an object'] };
  const result = overlaid(base, content);
  if ('settings' in result) return { overlay: content, settings: result.settings };
  return { problems: result.problems.map(({ key, rule }) => `${key}: ${rule}`) };
}

/** A strong entity tag: another content has another one. */
export function entityTagOf(overlay: JsonObject): string {
  const hash = createHash('sha256').update(JSON.stringify(overlay)).digest('hex');
  return `"${hash.slice(0, 32)}"`;
}

/** `If-Match` of RFC 9110: `*` or a list of entity tags, of which weak ones never match. */
export function matches(condition: string | undefined, overlay: JsonObject): boolean {
  if (condition === undefined || condition.trim() === '*') return true;
  const tag = entityTagOf(overlay);
  return condition.split(',').some((one) => one.trim() === tag);
}

export interface OverlayDifference {
  /** Dotted paths that have a value, or another one, now. */
  set: string[];
  /** Dotted paths that have none any more. */
  removed: string[];
}

export function differenceOf(before: JsonObject, after: JsonObject): OverlayDifference {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  const same = (path: string) => JSON.stringify(old.get(path)) === JSON.stringify(now.get(path));
  return {
    set: [...now.keys()].filter((path) => !old.has(path) || !same(path)).sort(),
    removed: [...old.keys()].filter((path) => !now.has(path)).sort(),
  };
}
