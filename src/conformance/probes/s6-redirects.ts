import { elsewhere } from '../elsewhere.js';

export const redirects = elsewhere(
  { id: 'S6', title: 'A redirect carries no credential to another host', group: 'secrets' },
  'this version has no credential routes',
);
