import type { Dice } from './dice.js';
import { CANARY, oddText, oddValue } from './odd-values.js';

const MiB = 1024 * 1024;

/** A body, and what the request calls it. */
export interface Body {
  bytes: Buffer;
  contentType: string | null;
}

const OTHER_TYPES = [
  ...[
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    '',
    'x',
  ],
  ...['application/json; charset=latin1', 'application/json; charset=utf-16', 'application/*'],
  ...['application/problem+json', 'application/json, text/plain', 'application/json;', 'text/json'],
];
const SAME_TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'APPLICATION/JSON;charset="UTF-8"',
];

/** A good body becomes one that is good, nearly good, or none. */
export function encodeBody(dice: Dice, value: unknown): Body {
  const changed = dice.chance(0.55) ? mutateTree(dice, value) : value;
  const text = JSON.stringify(changed) ?? 'null';
  const bytes = dice.chance(0.25) ? mutateText(dice, text) : Buffer.from(text);
  return { bytes, contentType: contentType(dice) };
}

/** A body where none is expected, or of nothing in particular. */
export function anyBody(dice: Dice): Body | null {
  if (dice.chance(0.6)) return null;
  const bytes = dice.chance(0.5)
    ? Buffer.from(JSON.stringify(oddValue(dice)) ?? '')
    : dice.bytes(300);
  return { bytes, contentType: contentType(dice) };
}

function contentType(dice: Dice): string | null {
  if (dice.chance(0.9)) return dice.pick(SAME_TYPES);
  return dice.chance(0.2) ? null : dice.pick(OTHER_TYPES);
}

/** Changes one place of a value: another value, a field less, or a field more. */
function mutateTree(dice: Dice, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || dice.chance(0.05)) return oddValue(dice);
  if (Array.isArray(value)) {
    const copy: unknown[] = [...value];
    if (dice.chance(0.2)) return [...copy, oddValue(dice)];
    if (dice.chance(0.05)) return Array.from({ length: 5000 }, () => copy[0] ?? 0);
    const at = dice.below(copy.length);
    copy[at] = mutateTree(dice, copy[at]);
    return copy;
  }
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length === 0 || dice.chance(0.2)) {
    return {
      ...value,
      [dice.pick(['extra', 'issue', 'env', 'value', oddText(dice)])]: oddValue(dice),
    };
  }
  const at = dice.below(entries.length);
  const kept = entries.filter((_entry, index) => index !== at);
  const [name, inner] = entries[at] ?? ['', null];
  if (dice.chance(0.2)) return Object.fromEntries(kept);
  if (dice.chance(0.1)) return Object.fromEntries([...kept, [oddText(dice), inner]]);
  if (dice.chance(0.03)) return { ...value, [name]: oddText(dice).repeat(300).slice(0, 200_000) };
  return { ...value, [name]: mutateTree(dice, inner) };
}

const TEXT_MUTATIONS: readonly ((dice: Dice, text: string) => Buffer)[] = [
  (dice, text) => Buffer.from(text.slice(0, dice.below(text.length + 1))),
  (dice, text) => Buffer.from(text + dice.pick(['}', ' x', '\0', text, ',', '//'])),
  (_dice, text) => Buffer.from(`\uFEFF${text}`),
  (_dice, text) => Buffer.from(text, 'utf16le'),
  (dice, text) => {
    const bytes = Buffer.from(text);
    if (bytes.length > 0) bytes[dice.below(bytes.length)] = dice.below(256);
    return bytes;
  },
  (dice, text) => {
    const bytes = Buffer.from(text);
    const at = dice.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), dice.bytes(4), bytes.subarray(at)]);
  },
  // A key twice, and those that reach into prototypes.
  (dice, text) => {
    const key = dice.pick(['value', 'issue', 'command', '__proto__', 'constructor', 'prototype']);
    return Buffer.from(text.replace('{', `{${JSON.stringify(key)}:${JSON.stringify(CANARY)},`));
  },
  (dice, text) => {
    const levels = dice.pick([10, 63, 64, 65, 2000, 50_000]);
    return Buffer.from(text.replace('{', `{"x":${'['.repeat(levels)}${']'.repeat(levels)},`));
  },
  (dice, text) =>
    Buffer.from(text.replace(/"[^"]*"/, dice.pick(['1e999', '"\\ud800"', "'a'", 'NaN']))),
  (dice, text) => Buffer.from(text.replaceAll('"', dice.pick(["'", '', '\\"', '“']))),
];

function mutateText(dice: Dice, text: string): Buffer {
  // A body past the limit, seldom: it is long.
  if (dice.chance(0.01)) return Buffer.alloc(MiB + dice.below(MiB), text || ' ');
  return dice.pick(TEXT_MUTATIONS)(dice, text);
}
