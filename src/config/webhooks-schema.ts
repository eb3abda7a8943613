import { z } from 'zod';

import { outboundSchema } from './outbound-schema.js';

export const webhooksSchema = z.strictObject({
  outbound: outboundSchema.prefault({}),
});
