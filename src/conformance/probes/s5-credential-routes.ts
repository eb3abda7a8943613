import { elsewhere } from '../elsewhere.js';

export const placeholder = elsewhere(
  { id: 'S5', title: 'A placeholder is worth something at its own host alone', group: 'secrets' },
  'this version has no credential routes',
);
