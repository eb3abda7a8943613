import type { ApiPropertyOptions } from '@nestjs/swagger';
import { z } from 'zod';

import { requestedPolicySchema, requestedTurnPolicySchema } from '../../config/policy-schema.js';

/** What `policy` of a request may hold, by the schema that checks it. */
export const POLICY_SCHEMA = requestSchema(requestedPolicySchema);

/** What `turnSandboxPolicy` of a request for a turn may hold. */
export const TURN_POLICY_SCHEMA = requestSchema(requestedTurnPolicySchema);

function requestSchema(zodSchema: z.ZodType): ApiPropertyOptions {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(zodSchema, {
    io: 'input',
    unrepresentable: 'any',
  });
  return schema as ApiPropertyOptions;
}
