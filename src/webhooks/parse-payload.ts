import { isUtf8 } from 'node:buffer';

import { DomainError } from '../kernel/domain-error.js';
import { isTooDeep, MOST_LEVELS } from '../kernel/json-depth.js';
import type { Payload } from './webhook-source.js';

/** A verified body, as text and as the object that it is. */
export interface ParsedBody {
  readonly text: string;
  readonly payload: Payload;
}

/**
 * Not as strict as `parseStrictJson`: the sender is known, its texts may be cut in the middle of a
 * character, and what is refused here is lost.
 *
 * @throws DomainError `invalid_payload`
 */
export function parseBody(body: Buffer): ParsedBody {
  if (!isUtf8(body)) throw invalidPayload('is not UTF-8');
  const text = body.toString('utf8');
  return { text, payload: parsePayload(text) };
}

/** @throws DomainError `invalid_payload` */
export function parsePayload(text: string): Payload {
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch (error) {
    throw invalidPayload('is not JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidPayload('is not a JSON object');
  }
  // Whoever writes it out again goes down level by level.
  if (isTooDeep(value)) throw invalidPayload(`is more than ${MOST_LEVELS} levels deep`);
  return value as Payload;
}

export function invalidPayload(what: string, cause?: unknown): DomainError {
  return new DomainError('invalid_payload', `The body ${what}`, {
    details: [{ field: 'body', message: what }],
    cause,
  });
}
