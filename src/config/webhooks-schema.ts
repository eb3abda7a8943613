import { z } from 'zod';

import { outboundSchema } from './outbound-schema.js';
import { secretReference } from './secret-reference.js';

/** More would be secrets that nobody takes away again. */
export const MOST_WEBHOOK_SECRETS = 2;

const webhookSecrets = z
  .array(secretReference)
  .max(MOST_WEBHOOK_SECRETS)
  .default([])
  .describe('Names of stored secrets, each of which may have signed a delivery; two at most');

const webhookSource = z.strictObject({ secrets: webhookSecrets }).prefault({});

/** Who may send deliveries, and how old they may be. */
export const webhooksSchema = z.strictObject({
  replayWindow: z
    .enum(['retries', 'strict'])
    .default('retries')
    .describe(
      'What is taken by its signed time. strict: up to 60 s old; retries: also up to 8 h, where its body was not received before',
    ),
  linear: webhookSource,
  github: webhookSource,
  standard: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be 1 to 32 lower-case letters, digits or -'),
      webhookSource,
    )
    .default({})
    .describe('Senders of the Standard Webhooks format, by the name in their path'),
  outbound: outboundSchema.prefault({}),
});
