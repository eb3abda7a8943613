import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';

import { DomainError } from '../kernel/domain-error.js';
import { RAW_BODY_METADATA } from '../kernel/route-metadata.js';
import { frameError } from './framework-errors.js';
import { isJsonMediaType } from './media-type.js';
import { parseStrictJson } from './strict-json.js';

/**
 * Turns the bytes of a body into its JSON object. Interceptors run after the guards and before the
 * pipes, which is the order that the contract promises. A route with `@RawBody` gets the bytes.
 *
 * @throws DomainError `unsupported_media_type`, `invalid_json`, or `validation_failed` when the body
 *   is JSON but not an object.
 */
export class JsonBodyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.body !== undefined && !keepsBytes(context)) request.body = parsedBody(request);
    return next.handle();
  }
}

function keepsBytes(context: ExecutionContext): boolean {
  return Reflect.getMetadata(RAW_BODY_METADATA, context.getHandler()) === true;
}

function parsedBody(request: FastifyRequest): unknown {
  const { body, headers } = request;
  if (!Buffer.isBuffer(body) || body.length === 0) return undefined;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity' || !isJsonMediaType(headers['content-type'])) {
    throw frameError('unsupported_media_type');
  }
  request.risoluto.bodyBytes = body;
  const value = parseStrictJson(body);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new DomainError('validation_failed', 'The body must be a JSON object', {
    details: [{ field: 'body', message: 'must be a JSON object' }],
  });
}
