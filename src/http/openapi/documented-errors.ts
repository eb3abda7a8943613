import type { ErrorCode } from '../../kernel/error-codes.js';
import { ERROR_KINDS } from '../../kernel/error-codes.js';
import { STATUS_OF_KIND } from '../error-status.js';
import type { DeclaredRoute } from './route-catalogue.js';

const EVERY_ROUTE: readonly ErrorCode[] = [
  'malformed_request',
  'method_not_allowed',
  'request_timeout',
  'headers_too_large',
  'internal_error',
  'shutting_down',
];

/** Given by the frame around the routes, so before an address is counted. */
const BEFORE_LIMIT: ReadonlySet<ErrorCode> = new Set([
  ...EVERY_ROUTE,
  'body_too_large',
  'server_busy',
  'uri_too_long',
  'unsupported_media_type',
]);

/** A body is read, and measured, where none is expected too. */
const WRITES: readonly ErrorCode[] = [
  'sandbox_forbidden',
  'body_too_large',
  'server_busy',
  'unsupported_media_type',
  'invalid_json',
  'validation_failed',
];

export interface OperationShape {
  readonly method: string;
  readonly hasParameters: boolean;
  readonly hasPathParameters: boolean;
  readonly hasBody: boolean;
}

/** All codes that an operation can answer: what its handler declares and what its kind implies. */
export function documentedErrors(route: DeclaredRoute, shape: OperationShape): ErrorCode[] {
  const codes = new Set<ErrorCode>([...EVERY_ROUTE, ...route.failsWith]);
  const add = (...more: readonly ErrorCode[]) => more.forEach((code) => codes.add(code));
  if (route.rateGroup !== 'none') add('rate_limited');
  if (route.access === 'read') add('read_unauthorized');
  if (route.access === 'write' || route.writeParameter !== undefined) {
    add('write_unauthorized', 'write_forbidden');
  }
  if (!['get', 'head', 'options'].includes(shape.method)) add(...WRITES);
  if (shape.hasPathParameters) add('uri_too_long');
  if (shape.hasParameters || shape.hasBody) add('validation_failed');
  return [...codes];
}

/** Whether an answer with this code may come without the headers of the limit. */
export function answersBeforeLimit(code: ErrorCode): boolean {
  return BEFORE_LIMIT.has(code);
}

/** The codes by the status that they are answered with, in the order of the statuses. */
export function errorsByStatus(
  codes: readonly ErrorCode[],
): [status: number, codes: ErrorCode[]][] {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const status = STATUS_OF_KIND[ERROR_KINDS[code]];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return [...byStatus].toSorted(([a], [b]) => a - b);
}
