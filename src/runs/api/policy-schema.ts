import type { ApiPropertyOptions } from '@nestjs/swagger';
import { z } from 'zod';

import { requestedPolicySchema } from '../../config/yaml-schema.js';

/** What `policy` of a request may hold, by the schema that checks it. */
export const POLICY_SCHEMA = requestSchema();

function requestSchema(): ApiPropertyOptions {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(requestedPolicySchema, {
    io: 'input',
    unrepresentable: 'any',
  });
  return schema as ApiPropertyOptions;
}
