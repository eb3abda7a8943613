import { elsewhere } from '../elsewhere.js';

export const load = elsewhere(
  { id: 'N17', title: 'The gateway bears large and many streams', group: 'network' },
  'it would load a host of yours; the project’s tests and bench/ do it',
);
