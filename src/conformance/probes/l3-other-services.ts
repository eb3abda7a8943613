import { elsewhere } from '../elsewhere.js';

export const otherServices = elsewhere(
  { id: 'L3', title: 'Two services on one host leave each other’s alone', group: 'lifecycle' },
  'it needs a second service; the project’s tests do it (test/ownership)',
);
