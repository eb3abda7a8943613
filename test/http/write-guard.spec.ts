import { networkInterfaces } from 'node:os';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { callApi } from '../support/http.js';
import { startService, type RunningService } from '../support/service.js';

const WRITE_TOKEN = 'write-token-0123456789abcdef';
const READ_TOKEN = 'read-token-0123456789abcdef';
const YAML = { rateLimits: { api: { limit: 100_000 } } };

/** An address of this network namespace that is not loopback; connecting to it leaves nothing. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal);
  if (found === undefined) throw new Error('this namespace needs an address beside loopback');
  return found.address;
}

interface Caller {
  headers?: Record<string, string>;
  token?: string;
  elsewhere?: boolean;
}

/** A write that the guard lets through and that then fails on its field: nothing changes. */
async function write(service: RunningService, caller: Caller = {}): Promise<string> {
  return outcome(service, 'PUT', '/api/v1/secrets/bad%20key', { body: { value: 'x' }, ...caller });
}

async function outcome(
  service: RunningService,
  method: string,
  path: string,
  { elsewhere, ...request }: Caller & { body?: unknown },
): Promise<string> {
  const url = elsewhere ? service.url.replace('127.0.0.1', ownAddress()) : service.url;
  const answer = await callApi(url, method, path, request);
  if (answer.status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
  return answer.status < 400 ? 'allowed' : String(answer.body.error.code);
}

const PASSED = 'invalid_secret_key';

describe('without a write token', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startService({ env: { RISOLUTO_BIND: '0.0.0.0' }, yaml: YAML });
  });
  afterAll(() => service.stop());

  it('programs of this machine may write, nobody else may', async () => {
    expect(await write(service)).toBe(PASSED);
    expect(await write(service, { elsewhere: true })).toBe('write_forbidden');
    const host = new URL(service.url).host;
    expect(await write(service, { elsewhere: true, headers: { host } })).toBe('write_forbidden');
    expect(await write(service, { token: 'whatever' })).toBe(PASSED);
  });

  it.each([
    ['Forwarded', 'for=127.0.0.1'],
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Forwarded-For', ''],
    ['x-real-ip', '127.0.0.1'],
    ['Host', 'evil.example'],
    ['Host', 'localhost.evil.example:4000'],
    ['Host', '0.0.0.0'],
    ['Origin', 'https://evil.example'],
    ['Origin', 'http://localhost:1'],
    ['Origin', 'null'],
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Site', 'same-site'],
  ])('loopback stops counting with %s: %s', async (name, value) => {
    expect(await write(service, { headers: { [name]: value } })).toBe('write_forbidden');
  });

  it('our own pages and plain clients count as this machine', async () => {
    const { host, port } = new URL(service.url);
    const own = { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    expect(await write(service, { headers: own })).toBe(PASSED);
    expect(await write(service, { headers: { host: `localhost:${port}` } })).toBe(PASSED);
    expect(await write(service, { headers: { host: '[::1]' } })).toBe(PASSED);
  });

  it('a refusal never depends on the body', async () => {
    const headers = { host: 'evil.example' };
    for (const body of [undefined, '{', '{"a":1,"a":2}', Buffer.from([0xff])]) {
      const request = { body, headers };
      expect(await outcome(service, 'PUT', '/api/v1/secrets/K', request)).toBe('write_forbidden');
    }
    const form = { ...headers, 'content-type': 'text/plain' };
    const request = { body: 'a=b', headers: form };
    expect(await outcome(service, 'PUT', '/api/v1/secrets/K', request)).toBe('write_forbidden');
  });

  it('reads stay open, and the costly one is a matter for the write guard', async () => {
    const elsewhere = { elsewhere: true };
    expect(await outcome(service, 'GET', '/api/v1/secrets', elsewhere)).toBe('allowed');
    expect(await outcome(service, 'HEAD', '/api/v1/secrets', elsewhere)).toBe('allowed');
    expect(await outcome(service, 'OPTIONS', '/api/v1/secrets', elsewhere)).toBe('allowed');
    const verify = '/api/v1/audit/verify';
    expect(await outcome(service, 'GET', verify, elsewhere)).toBe('allowed');
    expect(await outcome(service, 'GET', `${verify}?full=true`, elsewhere)).toBe('write_forbidden');
    expect(await outcome(service, 'GET', `${verify}?full=true`, {})).toBe('allowed');
  });

  it('says loudly at its start that it listens for everybody', () => {
    const warnings = service
      .logs()
      .split('\n')
      .filter((line) => line.includes('LISTENING ON'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('RISOLUTO_WRITE_TOKEN');
  });

  it('counts and logs denials without letting them fill the disk', async () => {
    const before = service.logs().split('access denied').length;
    for (let count = 0; count < 100; count += 1) await write(service, { elsewhere: true });
    const { text } = await service.api('GET', '/metrics');
    const denials = /risoluto_access_denials_total\{code="write_forbidden"\} (\d+)/.exec(text)?.[1];
    expect(Number(denials)).toBeGreaterThanOrEqual(100);
    expect(service.logs().split('access denied').length - before).toBeLessThan(20);
  });
});

describe('with a write token and a read token', () => {
  let service: RunningService;

  beforeAll(async () => {
    const env = {
      RISOLUTO_BIND: '0.0.0.0',
      RISOLUTO_WRITE_TOKEN: WRITE_TOKEN,
      RISOLUTO_READ_TOKEN: READ_TOKEN,
    };
    service = await startService({ env, yaml: YAML });
  });
  afterAll(() => service.stop());

  it('the right token writes from anywhere, whatever stands between', async () => {
    expect(await write(service, { token: WRITE_TOKEN })).toBe(PASSED);
    expect(await write(service, { token: WRITE_TOKEN, elsewhere: true })).toBe(PASSED);
    const headers = { 'x-forwarded-for': '203.0.113.9', host: 'risoluto.example' };
    expect(await write(service, { token: WRITE_TOKEN, headers })).toBe(PASSED);
    const shouting = { authorization: `BEARER ${WRITE_TOKEN}` };
    expect(await write(service, { headers: shouting })).toBe(PASSED);
  });

  it.each<[string, Caller]>([
    ['none', {}],
    ['a wrong one', { token: 'wrong' }],
    ['its beginning', { token: WRITE_TOKEN.slice(0, -1) }],
    ['more than it', { token: `${WRITE_TOKEN}0` }],
    ['a very long one', { token: 'x'.repeat(8000) }],
    ['the read token', { token: READ_TOKEN }],
    ['another scheme', { headers: { authorization: `Basic ${WRITE_TOKEN}` } }],
    ['no scheme', { headers: { authorization: WRITE_TOKEN } }],
  ])('%s is refused, from loopback too', async (_what, caller) => {
    expect(await write(service, caller)).toBe('write_unauthorized');
    expect(await write(service, { ...caller, elsewhere: true })).toBe('write_unauthorized');
  });

  it.each(['/api/v1/secrets', '/api/v1/runs', '/api/v1/audit', '/metrics', '/api/v1/runtime'])(
    'reading %s from beyond this machine needs a token',
    async (path) => {
      const read = (caller: Caller) => outcome(service, 'GET', path, caller);
      expect(await read({})).toBe('allowed');
      expect(await read({ elsewhere: true })).toBe('read_unauthorized');
      expect(await read({ headers: { 'x-forwarded-for': '1.2.3.4' } })).toBe('read_unauthorized');
      expect(await read({ elsewhere: true, token: 'wrong' })).toBe('read_unauthorized');
      expect(await read({ elsewhere: true, token: READ_TOKEN })).toBe('allowed');
      expect(await read({ elsewhere: true, token: WRITE_TOKEN })).toBe('allowed');
    },
  );

  it.each(['/healthz', '/readyz', '/docs', '/api/v1/openapi.json'])(
    '%s is for everybody',
    async (path) => {
      expect(await outcome(service, 'GET', path, { elsewhere: true })).toBe('allowed');
    },
  );
});
