import { ISSUE_PATTERN } from '../issue-key.js';

export const ISSUE_PARAM = {
  name: 'issue',
  description: 'The piece of work whose workspace it is, as in the run’s request',
  schema: { type: 'string', pattern: ISSUE_PATTERN.source, example: 'MT-1' },
} as const;
