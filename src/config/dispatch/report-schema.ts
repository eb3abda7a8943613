import { z } from 'zod';

const wish = z
  .strictObject({
    comment: z.boolean().default(true).describe('A comment tells of it'),
    state: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('The name of the workflow state that the issue is moved to'),
  })
  .prefault({});

/** `report` of a rule: what the tracker is told of a run that the rule has started. */
export const reportSchema = z.strictObject({
  started: wish,
  succeeded: wish,
  failed: wish.describe('Also when it timed out, ran out of memory or was lost'),
  cancelled: wish,
});
