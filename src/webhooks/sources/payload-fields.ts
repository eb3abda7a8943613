import { DomainError } from '../../kernel/domain-error.js';
import { isIssueKey } from '../../workspaces/issue-key.js';
import { invalidPayload } from '../parse-payload.js';
import { MOST_NAME_LENGTH, type Payload, type SignedRequest } from '../webhook-source.js';

/** A body is another's to write: each of these reads what is there and answers `null` for anything else. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== ''
    ? value.replace(/\p{Surrogate}/gu, '\ufffd')
    : null;
}

export function object(value: unknown): Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Payload)
    : {};
}

/** ISO-8601, as milliseconds. */
export function time(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  const at = Date.parse(value);
  return Number.isFinite(at) && at > 0 ? at : null;
}

/** The later of the times that there are. */
export function latest(...times: readonly (number | null)[]): number | null {
  const known = times.filter((one) => one !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** A name that is short enough to be kept as one. */
export function shortText(value: unknown): string | null {
  const found = text(value);
  return found !== null && found.length <= MOST_NAME_LENGTH ? found : null;
}

/** @throws DomainError `invalid_payload` naming the field */
export function requiredName(value: unknown, field: string): string {
  const found = shortText(value);
  if (found !== null) return found;
  throw invalidPayload(`has no ${field} of 1 to ${MOST_NAME_LENGTH} characters`);
}

/** The issue of that identifier, where a workspace can be named by it. */
export function issueOf(identifier: unknown): { identifier: string } | null {
  const found = text(identifier);
  return found !== null && isIssueKey(found) ? { identifier: found } : null;
}

/** The id of something, a text or a number. */
export function idOf(id: unknown): string | null {
  return typeof id === 'number' ? String(id) : shortText(id);
}

/** The one value of a header, or `null`. */
export function header({ headers }: SignedRequest, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

const DELIVERY_ID = /^[\x21-\x7e]{1,200}$/;

/** @throws DomainError `invalid_delivery_id` */
export function deliveryIdAt(request: SignedRequest, name: string): string {
  const id = header(request, name.toLowerCase());
  if (id !== null && DELIVERY_ID.test(id)) return id;
  const message = 'must be 1 to 200 visible ASCII characters';
  throw new DomainError('invalid_delivery_id', `The header ${name} ${message}`, {
    details: [{ field: name, message }],
  });
}
