import { ERROR_KINDS, type ErrorCode, type ErrorKind } from './error-codes.js';

/** One field that was wrong: where (`secrets.0`, `policy.resources.memory`) and what to do about it. */
export interface ErrorDetail {
  field: string;
  message: string;
}

export interface DomainErrorOptions {
  details?: readonly ErrorDetail[];
  cause?: unknown;
  /** Sent as `Retry-After`, in whole seconds. */
  retryAfterSeconds?: number;
}

/**
 * The one error family of the product. `message` and `details` reach the client, so they never hold
 * a secret, a path of the host or a driver's text; what only an operator may read goes into `cause`.
 */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: DomainErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'DomainError';
    this.code = code;
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get kind(): ErrorKind {
    return ERROR_KINDS[this.code];
  }
}
