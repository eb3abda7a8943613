import { BadRequestException, NotFoundException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';

import { DomainError } from '../kernel/domain-error.js';
import { ERROR_KINDS, type ErrorCode } from '../kernel/error-codes.js';
import { errorAnswer } from './error-envelope.js';
import { toDomainError } from './framework-errors.js';

const SECRET = 'hunter2-do-not-show';

function fastifyError(code: string, statusCode: number): Error {
  return Object.assign(new Error(SECRET), { code, statusCode });
}

describe('toDomainError', () => {
  it.each([
    [fastifyError('FST_ERR_CTP_BODY_TOO_LARGE', 413), 'body_too_large'],
    [fastifyError('FST_ERR_MAX_PARAM_LENGTH', 414), 'uri_too_long'],
    [fastifyError('FST_ERR_BAD_URL', 400), 'malformed_request'],
    [fastifyError('FST_ERR_CTP_INVALID_MEDIA_TYPE', 415), 'unsupported_media_type'],
    [fastifyError('FST_ERR_SOMETHING_NEW', 400), 'malformed_request'],
    [fastifyError('ENOENT', 404), 'internal_error'],
    [new NotFoundException(SECRET), 'not_found'],
    [new BadRequestException(SECRET), 'malformed_request'],
    [new Error(SECRET), 'internal_error'],
    [SECRET, 'internal_error'],
    [undefined, 'internal_error'],
  ])('%s is %s', (thrown, code) => {
    expect(toDomainError(thrown).code).toBe(code);
  });

  it('never repeats the text of an error that is not ours', () => {
    for (const thrown of [new Error(SECRET), new NotFoundException(SECRET), SECRET]) {
      const error = toDomainError(thrown);
      expect(JSON.stringify(errorAnswer(error))).not.toContain(SECRET);
      expect(error.cause).toBe(thrown);
    }
  });
});

describe('errorAnswer', () => {
  it('gives every code a status of its kind', () => {
    for (const code of Object.keys(ERROR_KINDS) as ErrorCode[]) {
      const { status, body } = errorAnswer(new DomainError(code, 'text'));
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
      expect(body).toEqual({ error: { code, message: 'text' } });
    }
  });

  it('asks for a bearer token on every 401 and says when to come back', () => {
    const unauthorized = errorAnswer(new DomainError('write_unauthorized', ''));
    expect(unauthorized.headers['WWW-Authenticate']).toMatch(/^Bearer/);
    const busy = errorAnswer(new DomainError('storage_busy', '', { retryAfterSeconds: 2 }));
    expect(busy.headers['Retry-After']).toBe('2');
  });
});
