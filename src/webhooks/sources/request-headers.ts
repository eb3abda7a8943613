import { DomainError } from '../../kernel/domain-error.js';
import type { SignedRequest } from '../webhook-source.js';

const DELIVERY_ID = /^[\x21-\x7e]{1,200}$/;
const NAME = /^[\x20-\x7e]{1,200}$/;

/** The one value of a header, or `null`. */
export function header({ headers }: SignedRequest, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A header that is short and plain enough to be kept as a name, or `null`. */
export function nameAt(request: SignedRequest, name: string): string | null {
  const value = header(request, name);
  return value !== null && NAME.test(value) ? value : null;
}

/** @throws DomainError `invalid_delivery_id` */
export function deliveryIdAt(request: SignedRequest, name: string): string {
  const id = header(request, name.toLowerCase());
  if (id !== null && DELIVERY_ID.test(id)) return id;
  const message = 'must be 1 to 200 visible ASCII characters';
  throw new DomainError('invalid_delivery_id', `The header ${name} ${message}`, {
    details: [{ field: name, message }],
  });
}
