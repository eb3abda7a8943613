import { expect, it } from 'vitest';

import { PacedApi } from './paced-api.js';
import type { ServiceApi } from './service-api.js';

/** Refuses so many requests, each with its code. */
function refusing(codes: string[]): { api: ServiceApi; asked: () => number } {
  let asked = 0;
  const request = <T>(): Promise<T> => {
    const code = codes[asked++];
    if (code === undefined) return Promise.resolve('answer' as T);
    return Promise.reject(Object.assign(new Error(code), { code, retryAfterMs: asked * 1000 }));
  };
  const api = { url: 'http://x', get: request, request, stream: request };
  return { api, asked: () => asked };
}

const pauses: number[] = [];
const paced = (api: ServiceApi) =>
  new PacedApi(api, (ms) => {
    pauses.push(ms);
    return Promise.resolve();
  });

it('sends again what the rate limit refused, when the service says', async () => {
  const { api } = refusing(['rate_limited', 'rate_limited']);
  expect(await paced(api).get('/runs')).toBe('answer');
  expect(pauses.splice(0)).toEqual([1000, 2000]);
});

it('gives every other refusal on, and does not wait for ever', async () => {
  const other = refusing(['run_not_found']);
  await expect(paced(other.api).request('POST', '/runs')).rejects.toThrow('run_not_found');
  expect(other.asked()).toBe(1);
  const busy = refusing(Array.from({ length: 10 }, () => 'rate_limited'));
  await expect(paced(busy.api).stream('/runs', {})).rejects.toThrow('rate_limited');
  expect(busy.asked()).toBe(6);
  pauses.splice(0);
});
