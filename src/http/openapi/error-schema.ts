import { ERROR_KINDS } from '../../kernel/error-codes.js';
import { ERROR_MEANINGS } from './error-catalogue.js';

export const ERROR_SCHEMA_NAME = 'ErrorEnvelope';

/** The envelope of every error, with every code there is. */
export const ERROR_SCHEMA = {
  type: 'object',
  description: 'What every answer that is an error holds',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      description: 'The one error that ended the request',
      required: ['code', 'message'],
      properties: {
        code: {
          type: 'string',
          enum: Object.keys(ERROR_KINDS),
          description: 'Stable: made for programs',
        },
        message: { type: 'string', description: 'For people; may change' },
        details: {
          type: 'array',
          description: 'One entry for each thing that was wrong, at most 50',
          items: {
            type: 'object',
            required: ['field', 'message'],
            properties: {
              field: {
                type: 'string',
                description: 'Where it is: a field of the body, a parameter or a header',
                example: 'policy.resources.memory',
              },
              message: { type: 'string', description: 'What to do about it' },
            },
          },
        },
      },
    },
  },
};

/** One answer for each code, by the code. */
export const ERROR_EXAMPLES = Object.fromEntries(
  Object.entries(ERROR_MEANINGS).map(([code, meaning]) => [
    code,
    { value: { error: { code, message: meaning.replaceAll('`', '') } } },
  ]),
);
