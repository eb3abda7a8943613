import { z } from 'zod';

import { yamlSchema } from '../config/yaml-schema.js';

type Schema = Record<string, unknown>;

const text = (description: string, example: string) => ({ type: 'string', description, example });
const optionalText = (description: string, example: string | null) => ({
  type: ['string', 'null'],
  description,
  example,
});

const lines = (description: string, example: string) => ({
  type: 'array',
  description,
  items: { type: 'string' },
  example: [example],
});

const ENVIRONMENT: Schema = {
  bind: text('The address that the service listens on', '127.0.0.1'),
  port: { type: 'integer', example: 4000 },
  trustProxy: { type: 'array', items: { type: 'string' }, example: [] },
  writeToken: optionalText('`[REDACTED]` where one is set', '[REDACTED]'),
  readToken: optionalText('`[REDACTED]` where one is set', null),
  masterKey: optionalText('`[REDACTED]` where one is set', '[REDACTED]'),
  previousMasterKey: optionalText('`[REDACTED]` while the key is being changed', null),
  secretsStore: { type: 'string', enum: ['database', 'file'], example: 'database' },
  dataDir: text('Absolute', '/var/lib/risoluto'),
  workspacesDir: text('Absolute', '/var/lib/risoluto/workspaces'),
  config: optionalText('The configuration file that was read', '/etc/risoluto/risoluto.yaml'),
  dockerHost: optionalText('`null` for the default socket; without user and password', null),
  logLevel: text('Least level that is logged', 'info'),
};

/** The shape of `configView`, for the document. */
export const CONFIG_VIEW_SCHEMA: Schema = {
  type: 'object',
  additionalProperties: false,
  required: [
    'environment',
    'rateLimits',
    'runs',
    'retention',
    'webhooks',
    'codex',
    'dispatch',
    'sources',
    'pending',
    'setAside',
  ],
  properties: {
    environment: {
      type: 'object',
      description: 'What the environment decides',
      additionalProperties: false,
      required: Object.keys(ENVIRONMENT),
      properties: ENVIRONMENT,
    },
    ...propertiesOfFile(),
    sources: {
      type: 'object',
      description:
        'By dotted path of each value below `rateLimits`, `runs`, `retention`, `webhooks` and `codex`, and `dispatch`',
      additionalProperties: { type: 'string', enum: ['default', 'file', 'overlay'] },
      example: { 'runs.maxConcurrent': 'overlay', 'codex.sandbox.image': 'file' },
    },
    pending: {
      type: 'object',
      description: 'What was changed in the file since the start, and counts after the next one',
      additionalProperties: false,
      required: ['keys', 'problems'],
      properties: {
        keys: lines('Dotted paths of values that are others now', 'codex.sandbox.image'),
        problems: lines('Why a start would refuse the file as it is now', 'runs: unknown key'),
      },
    },
    setAside: {
      type: ['object', 'null'],
      description: 'What the start could not use of the overlay, until a change follows it',
      additionalProperties: false,
      required: ['at', 'problems'],
      properties: {
        at: text('When it was set aside', '2026-11-23T08:00:00.000Z'),
        problems: lines('What is wrong with it', 'it is not JSON'),
      },
    },
  },
};

/** Without defaults: some are counted from the machine, and every key is there in any case. */
function propertiesOfFile(): Schema {
  const schema = z.toJSONSchema(yamlSchema, {
    io: 'output',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => void delete jsonSchema.default,
  });
  return schema.properties ?? {};
}
