import { elsewhere } from '../elsewhere.js';

export const grants = elsewhere(
  { id: 'N21', title: 'A grant is not inherited', group: 'network' },
  'it would kill the service and forge addresses; the project’s tests do it (test/egress)',
);
