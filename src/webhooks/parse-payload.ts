import { isUtf8 } from 'node:buffer';

import { DomainError } from '../kernel/domain-error.js';
import type { Payload } from './webhook-source.js';

const MAX_DEPTH = 64;

/**
 * The object that a verified body is. Not as strict as `parseStrictJson`: its sender is known, its
 * texts may be cut in the middle of a character, and what is refused here is lost.
 *
 * @throws DomainError `invalid_payload`
 */
export function parsePayload(body: Buffer): Payload {
  if (!isUtf8(body)) throw invalidPayload('is not UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw invalidPayload('is not JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidPayload('is not a JSON object');
  }
  // Whoever writes it out again goes down level by level.
  if (isDeeper(value, MAX_DEPTH)) throw invalidPayload(`is more than ${MAX_DEPTH} levels deep`);
  return value as Payload;
}

export function invalidPayload(what: string, cause?: unknown): DomainError {
  return new DomainError('invalid_payload', `The body ${what}`, {
    details: [{ field: 'body', message: what }],
    cause,
  });
}

function isDeeper(value: object, levels: number): boolean {
  let level: object[] = [value];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((one) => Object.values(one).filter(isObject));
  }
  return false;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
