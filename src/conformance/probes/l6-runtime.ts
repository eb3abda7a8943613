import { elsewhere } from '../elsewhere.js';

export const runtime = elsewhere(
  { id: 'L6', title: 'A runtime that is missing refuses the run', group: 'lifecycle' },
  'it would change the engine’s configuration; the project’s tests do it (test/hardening)',
);
