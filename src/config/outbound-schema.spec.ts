import { expect, it } from 'vitest';

import { outboundSchema } from './outbound-schema.js';

const api = (apiUrl: string) => outboundSchema.safeParse({ linear: { apiUrl } }).success;
const link = (linkBaseUrl: string) => outboundSchema.safeParse({ linkBaseUrl }).success;

it('sends a key over https, or to a program of this machine', () => {
  const taken = ['https://api.linear.app/graphql', 'http://127.0.0.1:9/g', 'http://[::1]:9/g'];
  expect(taken.filter(api)).toEqual(taken);
  const refused = [
    'http://api.linear.app/graphql',
    'http://127.0.0.1.example.com/',
    'https://user:pass@api.linear.app/graphql',
    'ftp://127.0.0.1/',
    'nothing',
    '',
  ];
  expect(refused.filter(api)).toEqual([]);
});

it('links to a place that a path can be put behind, or to none', () => {
  const taken = ['', 'https://ci.example.com', 'http://10.0.0.1:4000/risoluto/'];
  expect(taken.filter(link)).toEqual(taken);
  const refused = [
    'ci.example.com',
    'https://x/?a=b',
    'https://x/#a',
    'javascript:alert(1)',
    'https://a@x/',
  ];
  expect(refused.filter(link)).toEqual([]);
});
