/** A header as the document describes it; `required`: every such answer has it. */
interface HeaderDescription {
  description: string;
  required: boolean;
  schema: { type: 'string' | 'integer'; example: string | number };
}

export const REQUEST_ID_HEADER = {
  description: 'Names this request in the log and in the audit trail',
  required: true,
  schema: { type: 'string', example: '01JD3Q0V5Z8W9X7Y6T5S4R3Q2P' },
} as const satisfies HeaderDescription;

/** `required`: the answer is never given by what stands before the limit. */
export function rateLimitHeaders(required: boolean): Record<string, HeaderDescription> {
  const count = (description: string, example: number): HeaderDescription => ({
    description,
    required,
    schema: { type: 'integer', example },
  });
  return {
    'RateLimit-Limit': count('Requests that an address may make in 60 seconds', 300),
    'RateLimit-Remaining': count('How many of them are left', 299),
    'RateLimit-Reset': count('Whole seconds until they are all there again', 60),
  };
}

/** On a 503 it is there when waiting may help. */
export function retryAfterHeader(status: number): HeaderDescription {
  return {
    description: 'Whole seconds to wait before the next try',
    required: status === 429,
    schema: { type: 'integer', example: 5 },
  };
}

export const CHALLENGE_HEADER = {
  description: 'The scheme that is asked for',
  required: true,
  schema: { type: 'string', example: 'Bearer realm="risoluto"' },
} as const satisfies HeaderDescription;

export const ALLOW_HEADER = {
  description: 'The methods that the path takes',
  required: true,
  schema: { type: 'string', example: 'GET, HEAD' },
} as const satisfies HeaderDescription;
