import { ERROR_KINDS } from '../../kernel/error-codes.js';

export const ERROR_SCHEMA_NAME = 'ErrorEnvelope';

/** The envelope of every error, with every code there is. */
export const ERROR_SCHEMA = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', enum: Object.keys(ERROR_KINDS), description: 'Stable' },
        message: { type: 'string', description: 'For people; may change' },
        details: {
          type: 'array',
          description: 'One entry for each field that was wrong',
          items: {
            type: 'object',
            required: ['field', 'message'],
            properties: { field: { type: 'string' }, message: { type: 'string' } },
          },
        },
      },
    },
  },
};

export const REQUEST_ID_HEADER = {
  description: 'Names this request in the log and in the audit trail',
  schema: { type: 'string' as const, example: '01JD3Q0V5Z8W9X7Y6T5S4R3Q2P' },
};

export const RETRY_AFTER_HEADER = {
  description: 'Whole seconds to wait before the next try',
  schema: { type: 'integer' as const },
};

export const RATE_LIMIT_HEADERS = {
  'RateLimit-Limit': {
    description: 'Requests that an address may make in 60 seconds',
    schema: { type: 'integer' as const },
  },
  'RateLimit-Remaining': {
    description: 'How many of them are left',
    schema: { type: 'integer' as const },
  },
  'RateLimit-Reset': {
    description: 'Whole seconds until they are all there again',
    schema: { type: 'integer' as const },
  },
};
