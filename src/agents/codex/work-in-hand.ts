import { createHash } from 'node:crypto';

import { z } from 'zod';

import { eventsOfItem } from './item-events.js';
import type { ItemOnWire } from './wire.js';

/** What Codex has begun and not finished, as far as a question about it has to tell. */
export interface WorkInHand {
  readonly type: string;
  /** What files it changes, for a person. */
  readonly text: string;
  /** Other for another content of the same files. */
  readonly digest: string;
}

const changes = z.object({
  changes: z.array(
    z.object({ path: z.string(), kind: z.object({ type: z.string() }), diff: z.string() }),
  ),
});

/** More than Codex ever does at once; what prints more is not Codex. */
const MOST_KEPT = 32;
const MOST_TEXT = 64 * 1024;

export function inHand(item: ItemOnWire): WorkInHand {
  const { type } = item;
  if (type !== 'fileChange') return { type, text: '', digest: '' };
  const text = eventsOfItem(item)
    .map((event) => event.text)
    .join('\n');
  const digest = createHash('sha256').update(JSON.stringify(changes.safeParse(item).data ?? null));
  return { type, text: text.slice(0, MOST_TEXT), digest: digest.digest('hex') };
}

/** With one more by its name; of those before only so many that a sandbox fills no memory. */
export function kept<Value>(
  known: Readonly<Record<string, Value>>,
  name: string,
  value: Value,
): Readonly<Record<string, Value>> {
  const others = without(known, name);
  const names = Object.keys(others);
  const [first = name] = names;
  return { ...(names.length < MOST_KEPT ? others : without(others, first)), [name]: value };
}

export function without<Value>(
  known: Readonly<Record<string, Value>>,
  name: string,
): Readonly<Record<string, Value>> {
  if (!Object.hasOwn(known, name)) return known;
  const { [name]: _, ...others } = known;
  return others;
}
