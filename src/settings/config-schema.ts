import { z } from 'zod';

import { yamlSchema } from '../config/yaml-schema.js';

type Schema = Record<string, unknown>;

const text = (description: string, example: string) => ({ type: 'string', description, example });
const optionalText = (description: string, example: string | null) => ({
  type: ['string', 'null'],
  description,
  example,
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
  required: ['environment', 'rateLimits', 'runs', 'codex'],
  properties: {
    environment: {
      type: 'object',
      description: 'What the environment decides',
      additionalProperties: false,
      required: Object.keys(ENVIRONMENT),
      properties: ENVIRONMENT,
    },
    ...propertiesOfFile(),
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
