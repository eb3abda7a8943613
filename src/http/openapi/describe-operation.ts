import type { OpenAPIObject } from '@nestjs/swagger';

import type { ErrorCode } from '../../kernel/error-codes.js';
import { documentedErrors, errorsByStatus } from './documented-errors.js';
import { ERROR_SCHEMA_NAME, RATE_LIMIT_HEADERS, RETRY_AFTER_HEADER } from './error-schema.js';
import type { DeclaredRoute } from './route-catalogue.js';

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;
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
  const shared = headersOfEveryAnswer(route);
  for (const response of Object.values(operation.responses)) {
    if (response !== undefined && !('$ref' in response)) {
      response.description ||= 'Done';
      response.headers = { ...shared, ...response.headers };
    }
  }
  for (const [status, statusCodes] of errorsByStatus(codes)) {
    operation.responses[String(status)] = errorResponse(status, statusCodes, shared);
  }
  Object.assign(operation, {
    'x-risoluto-access': route.access,
    'x-risoluto-rate-group': route.rateGroup,
    'x-risoluto-audited': route.audited,
  });
  const credentials = credentialsOf(route);
  if (credentials !== undefined) operation.security = credentials;
}

function headersOfEveryAnswer(route: DeclaredRoute): Headers {
  return { ...REQUEST_ID, ...(route.rateGroup === 'none' ? {} : RATE_LIMIT_HEADERS) };
}

function errorResponse(
  status: number,
  codes: readonly ErrorCode[],
  shared: Headers,
): ResponseObject {
  const retry: Headers =
    status === 429 || status === 503 ? { 'Retry-After': RETRY_AFTER_HEADER } : {};
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    headers: { ...shared, ...retry },
    content: {
      'application/json': {
        schema: { $ref: `#/components/schemas/${ERROR_SCHEMA_NAME}` },
        examples: Object.fromEntries(
          codes.map((code) => [code, { value: { error: { code, message: '…' } } }]),
        ),
      },
    },
  };
}

/** A read and a write may both do without a token, depending on settings and on where they come from. */
function credentialsOf(route: DeclaredRoute): Operation['security'] {
  return route.access === 'read' || route.access === 'write' ? [{}, { bearer: [] }] : undefined;
}
