import { HttpException } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import type { ErrorCode } from '../kernel/error-codes.js';

const MESSAGES = {
  malformed_request: 'The request could not be understood',
  not_found: 'There is nothing at this path',
  request_timeout: 'The request did not arrive in time',
  body_too_large: 'The body is larger than 1 MiB',
  uri_too_long: 'A part of the path is longer than 4096 characters',
  unsupported_media_type: 'The body must be application/json in UTF-8, not compressed',
  internal_error: 'Something went wrong inside the service; its log has this request id',
} as const satisfies Partial<Record<ErrorCode, string>>;

type FrameCode = keyof typeof MESSAGES;

const BY_FASTIFY_CODE: Readonly<Record<string, FrameCode>> = {
  FST_ERR_BAD_URL: 'malformed_request',
  FST_ERR_MAX_PARAM_LENGTH: 'uri_too_long',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_request',
  FST_ERR_CTP_EMPTY_TYPE: 'unsupported_media_type',
  FST_ERR_NOT_FOUND: 'not_found',
  // A path of the documentation that climbs: it is told nothing about what it climbs to.
  FST_STATIC_FORBIDDEN_PATH: 'not_found',
};

const BY_STATUS: Readonly<Record<number, FrameCode>> = {
  400: 'malformed_request',
  404: 'not_found',
  408: 'request_timeout',
  413: 'body_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
};

export function frameError(code: FrameCode, cause?: unknown): DomainError {
  return new DomainError(code, MESSAGES[code], { cause });
}

/**
 * Anything that was thrown, as a domain error. What Fastify or Nest says about a request keeps its
 * meaning but not its text, which may quote the request; all that is unknown is `internal_error`.
 */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const code = BY_FASTIFY_CODE[codeOf(error)] ?? BY_STATUS[statusOf(error)] ?? 'internal_error';
  return frameError(code, error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  // Only Fastify's own errors: another library's `statusCode` says nothing about this request.
  return codeOf(error).startsWith('FST_') && error instanceof Error && 'statusCode' in error
    ? Number(error.statusCode)
    : 0;
}
