import { elsewhere } from '../elsewhere.js';

export const kill = elsewhere(
  { id: 'L2', title: 'A killed service leaves nothing behind', group: 'lifecycle' },
  'it would stop the service; the project’s tests do it (test/faults)',
);
