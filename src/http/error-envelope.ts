import { DomainError, type ErrorDetail } from '../kernel/domain-error.js';
import type { ErrorCode } from '../kernel/error-codes.js';
import { STATUS_OF_KIND } from './error-status.js';

/** A body can hold a hundred thousand wrong fields; an answer need not. */
const MOST_DETAILS = 50;

/** The body of every answer that is an error. */
export interface ErrorEnvelope {
  error: { code: ErrorCode; message: string; details?: readonly ErrorDetail[] };
}

export interface ErrorAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: ErrorEnvelope;
}

/** What an error looks like from outside. Its cause never leaves the service. */
export function errorAnswer(error: DomainError): ErrorAnswer {
  const headers: Record<string, string> = {};
  if (error.kind === 'unauthorized') headers['WWW-Authenticate'] = 'Bearer realm="risoluto"';
  if (error.retryAfterSeconds !== undefined)
    headers['Retry-After'] = String(error.retryAfterSeconds);
  return {
    status: STATUS_OF_KIND[error.kind],
    headers,
    body: {
      error: {
        code: error.code,
        message: error.message,
        ...(error.details === undefined ? {} : { details: error.details.slice(0, MOST_DETAILS) }),
      },
    },
  };
}
