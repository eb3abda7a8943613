import { createHash } from 'node:crypto';

import { isJsonObject, leavesOf, mergePatch, type JsonObject } from '../../config/merge-patch.js';
import { overlaid } from '../../config/overlaid-settings.js';
import type { Settings } from '../../config/settings.js';
import { NO_JUDGE, type SettingsJudge } from '../../config/settings-judge.js';

export interface ReadOverlay {
  overlay: JsonObject;
  settings: Settings;
  /** What was left out of `overlay`, because the settings of the start have become narrower than it. */
  wider: string[];
}

/**
 * What a stored text makes of the settings of the start, or why it cannot. Where it alone asks for
 * more than they allow, they count.
 */
export function readOverlay(
  base: Settings,
  text: string,
  judge: SettingsJudge = NO_JUDGE,
): ReadOverlay | { problems: string[] } {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return { problems: ['it is not JSON'] };
  }
  if (!isJsonObject(content)) return { problems: ['it is not an object'] };
  // What the rules of the file ask for must not put aside an overlay that narrows the policy: their
  // runs are refused then.
  const result = overlaid(base, content, 'dispatch' in content ? judge : NO_JUDGE);
  if ('settings' in result) return { overlay: content, settings: result.settings, wider: [] };
  const lines = result.problems.map(({ key, rule }) => `${key}: ${rule}`);
  if (!result.wider) return { problems: lines };
  const rest = result.problems.reduce<unknown>((left, { key }) => without(left, key), content);
  const read = readOverlay(base, JSON.stringify(rest), judge);
  return 'problems' in read ? read : { ...read, wider: lines };
}

function without(content: unknown, path: string): unknown {
  // A list is left out whole.
  const patch = (path.startsWith('dispatch.') ? 'dispatch' : path)
    .split('.')
    .reduceRight<unknown>((inner, key) => ({ [key]: inner }), null);
  return mergePatch(content, patch);
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
