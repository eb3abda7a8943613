import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startService, type RunningService } from '../support/service.js';

const LIMIT = 5;
let service: RunningService;

beforeAll(async () => {
  service = await startService({
    env: { RISOLUTO_WRITE_TOKEN: 'write-token-0123456789', RISOLUTO_TRUST_PROXY: '127.0.0.0/8' },
    yaml: { rateLimits: { api: { limit: LIMIT } } },
  });
});

afterAll(() => service.stop());

/** Each test is a client of its own, behind the trusted proxy that the test is. */
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

describe('the rate limit', () => {
  it('counts down, refuses, and says when to come back', async () => {
    for (let left = LIMIT - 1; left >= 0; left -= 1) {
      const { status, headers } = await service.api('GET', '/api/v1/runtime', from('198.51.100.1'));
      expect([status, headers['ratelimit-limit'], headers['ratelimit-remaining']]).toEqual([
        200,
        String(LIMIT),
        String(left),
      ]);
    }
    const refused = await service.api('GET', '/api/v1/runtime', from('198.51.100.1'));
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limited']);
    expect(refused.headers['ratelimit-remaining']).toBe('0');
    expect(refused.headers['retry-after']).toBe(refused.headers['ratelimit-reset']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
  });

  it('comes before the guard, so that guessing tokens is limited too', async () => {
    const seen = [];
    for (let count = 0; count <= LIMIT; count += 1) {
      const { status, headers } = await service.api('PUT', '/api/v1/secrets/K', {
        ...from('198.51.100.2'),
        body: '{"value":',
      });
      expect(headers['ratelimit-limit']).toBe(String(LIMIT));
      seen.push(status);
    }
    expect(seen).toEqual([...Array<number>(LIMIT).fill(401), 429]);
  });

  it('is one allowance for the whole API and /metrics, and one for an IPv6 /64', async () => {
    const paths = [
      '/api/v1/runs',
      '/metrics',
      '/api/v1/openapi.json',
      '/api/v1/secrets',
      '/metrics',
    ];
    for (const [index, path] of paths.entries()) {
      const { headers } = await service.api('GET', path, from(`2001:db8::${index + 1}`));
      expect(headers['ratelimit-remaining']).toBe(String(LIMIT - 1 - index));
    }
    expect((await service.api('GET', '/metrics', from('2001:db8::ffff'))).status).toBe(429);
    expect((await service.api('GET', '/metrics', from('2001:db8:0:1::1'))).status).toBe(200);
  });

  it('is not escaped by what a client puts before its address', async () => {
    const seen = [];
    for (let count = 0; count <= LIMIT; count += 1) {
      const forged = from(`10.0.0.${count}, 198.51.100.3`);
      seen.push((await service.api('GET', '/api/v1/runtime', forged)).status);
    }
    expect(seen.at(-1)).toBe(429);
  });

  it('does not hold for health, nor does it show there', async () => {
    for (let count = 0; count < LIMIT + 3; count += 1) {
      const { status, headers } = await service.api('GET', '/healthz', from('198.51.100.4'));
      expect([status, headers['ratelimit-limit']]).toEqual([200, undefined]);
    }
  });

  it('counts what it refused', async () => {
    const { text } = await service.api('GET', '/metrics', from('198.51.100.5'));
    expect(text).toMatch(/risoluto_rate_limited_requests_total\{group="api"\} [1-9]/);
  });
});
