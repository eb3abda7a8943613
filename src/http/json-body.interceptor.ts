import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';

import { DomainError } from '../kernel/domain-error.js';
import { MEDIA_TYPE_METADATA } from '../kernel/route-metadata.js';
import { frameError } from './framework-errors.js';
import { isJsonMediaType } from './media-type.js';
import { parseStrictJson } from './strict-json.js';

/**
 * Turns the bytes of a body into its JSON object, for every route that can be sent one
 * (`interceptBodies`). Interceptors run after the guards and before the
 * pipes, which is the order that the contract promises. It stands before no route with `@RawBody`.
 *
 * @throws DomainError `unsupported_media_type`, `invalid_json`, or `validation_failed` when the body
 *   is JSON but not an object, or has fields where the route takes none.
 */
export class JsonBodyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.body !== undefined) {
      request.body = parsedBody(request, mediaTypeBeside(context));
      if (!takesBody(context)) refuseFields(request.body);
    }
    return next.handle();
  }
}

function mediaTypeBeside(context: ExecutionContext): string | null {
  const taken: unknown = Reflect.getMetadata(MEDIA_TYPE_METADATA, context.getHandler());
  return typeof taken === 'string' ? taken : null;
}

/** Where Nest keeps what a handler's parameters are made of; the kind 3 is the body. */
const ROUTE_ARGUMENTS = '__routeArguments__';
const BODY_ARGUMENT = /^3:/;

function takesBody(context: ExecutionContext): boolean {
  const handler = context.getHandler().name;
  const given: unknown = Reflect.getMetadata(ROUTE_ARGUMENTS, context.getClass(), handler);
  return Object.keys(given ?? {}).some((key) => BODY_ARGUMENT.test(key));
}

/** A route without a body knows no field of one; no pipe would tell. */
function refuseFields(body: unknown): void {
  const fields = Object.keys(body ?? {});
  if (fields.length === 0) return;
  throw new DomainError('validation_failed', 'This route takes no body', {
    details: fields.map((field) => ({
      field: field.slice(0, 200),
      message: 'is not a known field',
    })),
  });
}

function parsedBody(request: FastifyRequest, alsoTaken: string | null): unknown {
  const { body, headers } = request;
  if (!Buffer.isBuffer(body) || body.length === 0) return undefined;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (
    encoding.toLowerCase() !== 'identity' ||
    !isJsonMediaType(headers['content-type'], alsoTaken)
  ) {
    throw frameError('unsupported_media_type');
  }
  request.risoluto.bodyBytes = body;
  const value = parseStrictJson(body);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new DomainError('validation_failed', 'The body must be a JSON object', {
    details: [{ field: 'body', message: 'must be a JSON object' }],
  });
}
