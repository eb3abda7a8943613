import type { OpenAPIObject } from '@nestjs/swagger';

import type { ErrorCode } from '../../kernel/error-codes.js';
import {
  ALLOW_HEADER,
  CHALLENGE_HEADER,
  rateLimitHeaders,
  retryAfterHeader,
} from './answer-headers.js';
import { answersBeforeLimit, documentedErrors, errorsByStatus } from './documented-errors.js';
import { ERROR_MEANINGS } from './error-catalogue.js';
import { ERROR_SCHEMA_NAME } from './error-schema.js';
import type { DeclaredRoute } from './route-catalogue.js';

type PathItem = OpenAPIObject['paths'][string];
export type Operation = NonNullable<PathItem['get']>;
type Responses = Operation['responses'];
type ResponseObject = Exclude<NonNullable<Responses[string]>, { $ref: string }>;
type Headers = NonNullable<ResponseObject['headers']>;

const REQUEST_ID = { 'X-Request-ID': { $ref: '#/components/headers/X-Request-ID' } };

/** Adds to an operation all that its route's declarations imply. */
export function describeOperation(
  operation: Operation,
  method: string,
  route: DeclaredRoute,
): void {
  const parameters = operation.parameters ?? [];
  const codes = documentedErrors(route, {
    method,
    hasParameters: parameters.length > 0,
    hasPathParameters: parameters.some((one) => 'in' in one && one.in === 'path'),
    hasBody: operation.requestBody !== undefined,
  });
  const limited = route.rateGroup !== 'none';
  for (const response of Object.values(operation.responses)) {
    if (response !== undefined && !('$ref' in response)) {
      response.description ||= 'Done';
      response.headers = { ...sharedHeaders(limited, true), ...response.headers };
    }
  }
  for (const [status, statusCodes] of errorsByStatus(codes)) {
    operation.responses[String(status)] = errorResponse(status, statusCodes, limited);
  }
  Object.assign(operation, {
    'x-risoluto-access': route.access,
    'x-risoluto-rate-group': route.rateGroup,
    'x-risoluto-audited': route.audited,
  });
  const credentials = credentialsOf(route);
  if (credentials !== undefined) operation.security = credentials;
}

function sharedHeaders(limited: boolean, pastLimit: boolean): Headers {
  return { ...REQUEST_ID, ...(limited ? rateLimitHeaders(pastLimit) : {}) };
}

function errorResponse(
  status: number,
  codes: readonly ErrorCode[],
  limited: boolean,
): ResponseObject {
  const pastLimit = !codes.some(answersBeforeLimit);
  return {
    description: codes.map((code) => `\`${code}\`: ${ERROR_MEANINGS[code]}`).join('\n\n'),
    headers: { ...sharedHeaders(limited, pastLimit), ...headersOfStatus(status) },
    content: {
      'application/json': {
        schema: { $ref: `#/components/schemas/${ERROR_SCHEMA_NAME}` },
        examples: Object.fromEntries(
          codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
        ),
      },
    },
  };
}

function headersOfStatus(status: number): Headers {
  if (status === 401) return { 'WWW-Authenticate': CHALLENGE_HEADER };
  if (status === 405) return { Allow: ALLOW_HEADER };
  if (status === 429 || status === 503) return { 'Retry-After': retryAfterHeader(status) };
  return {};
}

/** A read and a write may both do without a token, depending on settings and on where they come from. */
function credentialsOf(route: DeclaredRoute): Operation['security'] {
  return route.access === 'read' || route.access === 'write' ? [{}, { bearer: [] }] : undefined;
}
