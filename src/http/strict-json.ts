import { isUtf8 } from 'node:buffer';

import jsonc from 'jsonc-parser';

import { DomainError } from '../kernel/domain-error.js';
import { MOST_LEVELS } from '../kernel/json-depth.js';

/** Of one object. class-transformer compares each key with each: 80,000 took it 20 s. */
const MAX_KEYS = 2000;

/**
 * What every object seems to have: Nest's pipe and class-transformer drop such keys without a word,
 * so that an unknown field would pass and a variable of that name would be lost.
 */
const REFUSED_KEYS: ReadonlySet<string> = new Set([
  'prototype',
  ...Object.getOwnPropertyNames(Object.prototype),
]);

const STRICT = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false };

/**
 * One JSON text (RFC 8259) in UTF-8, read so that no two readers can disagree about it: `JSON.parse`
 * decides what is valid and what it means, and what it would pass over in silence is refused:
 * duplicate keys, keys that every object has by itself (`__proto__`, `constructor`, `toString`), more
 * than 64 levels, more than 2,000 keys in one object, text that has no UTF-8 form (lone surrogates).
 *
 * @throws DomainError `invalid_json`, saying where.
 */
export function parseStrictJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  if (!isUtf8(bytes)) throw invalidUtf8(bytes, text);
  refuseAmbiguity(text);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw refused(text, firstErrorOffset(text), 'not valid JSON', error);
  }
}

function refuseAmbiguity(text: string): void {
  let depth = 0;
  const keysOfOpenObjects: Set<string>[] = [];
  const enter = (offset: number) => {
    depth += 1;
    if (depth > MOST_LEVELS) throw refused(text, offset, `more than ${MOST_LEVELS} levels deep`);
  };
  const visitor: jsonc.JSONVisitor = {
    onObjectBegin: (offset) => {
      enter(offset);
      keysOfOpenObjects.push(new Set());
    },
    onObjectEnd: () => {
      depth -= 1;
      keysOfOpenObjects.pop();
    },
    onArrayBegin: (offset) => enter(offset),
    onArrayEnd: () => void (depth -= 1),
    onObjectProperty: (key, offset) => {
      const keys = keysOfOpenObjects.at(-1);
      if (REFUSED_KEYS.has(key)) throw refused(text, offset, `the key ${key} is not allowed`);
      if (keys?.has(key)) throw refused(text, offset, 'a key is given twice');
      refuseLoneSurrogate(text, key, offset);
      keys?.add(key);
      if ((keys?.size ?? 0) > MAX_KEYS) {
        throw refused(text, offset, `more than ${MAX_KEYS} keys in one object`);
      }
    },
    onLiteralValue: (value: unknown, offset) => {
      if (typeof value === 'string') refuseLoneSurrogate(text, value, offset);
    },
  };
  jsonc.visit(text, visitor, STRICT);
}

const LONE_SURROGATE = /\p{Surrogate}/u;

function refuseLoneSurrogate(text: string, value: string, offset: number): void {
  if (LONE_SURROGATE.test(value)) throw refused(text, offset, 'a lone surrogate has no UTF-8 form');
}

function firstErrorOffset(text: string): number {
  let first = text.length;
  jsonc.visit(text, { onError: (_code, offset) => void (first = Math.min(first, offset)) }, STRICT);
  return first;
}

function refused(text: string, offset: number, what: string, cause?: unknown): DomainError {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - before.lastIndexOf('\n');
  return invalidJson(`line ${line}, column ${column}`, what, cause);
}

/** Decoding puts U+FFFD where the bytes are wrong, so the first byte that differs is the place. */
function invalidUtf8(bytes: Buffer, decoded: string): DomainError {
  const again = Buffer.from(decoded, 'utf8');
  let offset = 0;
  while (offset < bytes.length && bytes[offset] === again[offset]) offset += 1;
  return invalidJson(`byte ${offset}`, 'not valid UTF-8');
}

function invalidJson(place: string, what: string, cause?: unknown): DomainError {
  return new DomainError('invalid_json', `The body was refused at ${place}: ${what}`, {
    details: [{ field: 'body', message: `${place}: ${what}` }],
    cause,
  });
}
