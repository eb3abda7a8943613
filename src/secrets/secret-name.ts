import { DomainError } from '../kernel/domain-error.js';
import { SECRET_KEY } from '../kernel/secret-key.js';

const VALUE_MAX_BYTES = 64 * 1024;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** @throws DomainError `invalid_secret_key` */
export function assertSecretKey(key: string): void {
  if (SECRET_KEY.test(key)) return;
  const message = 'must be 1 to 128 ASCII letters, digits, or one of . _ : -';
  throw new DomainError('invalid_secret_key', `A secret’s key ${message}`, {
    details: [{ field: 'key', message }],
  });
}

/** @throws DomainError `invalid_secret_value`, which never holds the value */
export function assertSecretValue(value: unknown): asserts value is string {
  const message = faultOf(value);
  if (message === null) return;
  throw new DomainError('invalid_secret_value', `A secret’s value ${message}`, {
    details: [{ field: 'value', message }],
  });
}

function faultOf(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return 'must be a non-empty string';
  if (Buffer.byteLength(value, 'utf8') > VALUE_MAX_BYTES) return 'must be at most 64 KiB as UTF-8';
  return LONE_SURROGATE.test(value) ? 'must be well-formed Unicode' : null;
}
