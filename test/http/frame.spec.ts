import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sendRaw, type RawAnswer } from '../support/raw-http.js';
import { startService, type RunningService } from '../support/service.js';

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const CLOSE = 'Connection: close\r\n';

let service: RunningService;

beforeAll(async () => {
  service = await startService({ yaml: { rateLimits: { api: { limit: 100_000 } } } });
});

afterAll(() => service.stop());

const raw = (request: string | Buffer) => sendRaw(service.url, request);

function expectEnvelope(answer: RawAnswer, status: number, code: string): void {
  expect({ status: answer.status, body: JSON.parse(answer.body) as unknown }).toMatchObject({
    status,
    body: { error: { code, message: expect.stringMatching(/./) as unknown } },
  });
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('x-request-id')).toMatch(ULID);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(answer.headers.get('access-control-allow-origin')).toBeUndefined();
}

const request = (line: string, headers = '', body = '') =>
  `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\n${CLOSE}${headers}\r\n${body}`;

describe('what is wrong with a request is told in one envelope', () => {
  it.each<[string, string, number, string]>([
    ['an unknown path', request('GET /nothing'), 404, 'not_found'],
    [
      'an unknown path, written to',
      request('POST /nothing', 'Content-Length: 2\r\n', '{}'),
      404,
      'not_found',
    ],
    ['a trailing slash', request('GET /healthz/'), 404, 'not_found'],
    ['another case', request('GET /HEALTHZ'), 404, 'not_found'],
    ['a climbing path', request('GET /api/v1/../../etc/passwd'), 404, 'not_found'],
    ['a method of other paths', request('PUT /healthz'), 405, 'method_not_allowed'],
    ['a method of nobody', request('PROPFIND /api/v1/secrets'), 405, 'method_not_allowed'],
    ['TRACE', request('TRACE /api/v1/secrets'), 405, 'method_not_allowed'],
    ['DELETE of a list', request('DELETE /api/v1/secrets'), 405, 'method_not_allowed'],
    ['bad percent-encoding', request('GET /api/v1/runs/%zz'), 400, 'malformed_request'],
    ['half a percent-encoding', request('GET /api/v1/runs/%'), 400, 'malformed_request'],
    [
      'percent-encoding that is not UTF-8',
      request('GET /api/v1/runs/%ff'),
      400,
      'malformed_request',
    ],
    [
      'a parameter of 4097 characters',
      request(`DELETE /api/v1/secrets/${'k'.repeat(4097)}`),
      414,
      'uri_too_long',
    ],
    [
      'a parameter of 4096 characters',
      request(`DELETE /api/v1/secrets/${'k'.repeat(4096)}`),
      400,
      'invalid_secret_key',
    ],
    [
      'headers over 16 KiB',
      request('GET /healthz', `X: ${'x'.repeat(17_000)}\r\n`),
      431,
      'headers_too_large',
    ],
    ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'malformed_request'],
    ['a fragment', request('GET /healthz#x'), 400, 'malformed_request'],
    ['two hosts', request('GET /healthz', 'Host: evil.example\r\n'), 400, 'malformed_request'],
    [
      'another host in the target',
      request('GET http://evil.example/healthz'),
      400,
      'malformed_request',
    ],
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'malformed_request'],
    ['a method that does not exist', request('HELLO /healthz'), 400, 'malformed_request'],
    ['a header without a colon', request('GET /healthz', 'nonsense\r\n'), 400, 'malformed_request'],
    ['a NUL in a header', request('GET /healthz', 'X: a\0b\r\n'), 400, 'malformed_request'],
    [
      'a length and chunks at once',
      request(
        'POST /api/v1/runs',
        'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n',
        '0\r\n\r\n',
      ),
      400,
      'malformed_request',
    ],
    [
      'two lengths',
      request('POST /api/v1/runs', 'Content-Length: 2\r\nContent-Length: 3\r\n', '{}'),
      400,
      'malformed_request',
    ],
    [
      'a chunk without a size',
      request('POST /api/v1/runs', 'Transfer-Encoding: chunked\r\n', 'zz\r\n'),
      400,
      'malformed_request',
    ],
  ])('%s', async (_what, bytes, status, code) => {
    expectEnvelope(await raw(bytes), status, code);
  });

  it('a body over 1 MiB, whether it says so or comes in chunks', async () => {
    const long = 'x'.repeat(1024 * 1024);
    const sized = `Content-Type: application/json\r\nContent-Length: ${long.length + 1}\r\n`;
    expectEnvelope(await raw(request('POST /api/v1/runs', sized)), 413, 'body_too_large');
    const chunked = 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n';
    const chunk = `${(long.length + 1).toString(16)}\r\n${long}x\r\n`;
    expectEnvelope(await raw(request('POST /api/v1/runs', chunked, chunk)), 413, 'body_too_large');
  });

  it('a body of 20 MiB, to a client that sends all of it before it reads', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = await fetch(`${service.url}/api/v1/runs`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: 'x'.repeat(20 * 1024 * 1024),
      });
      expect(answer.status).toBe(413);
    }
  });

  it('says which methods a path has, to a wrong one and to OPTIONS', async () => {
    const wrong = await service.api('PUT', '/api/v1/runs');
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS, POST']);
    const options = await service.api('OPTIONS', '/api/v1/secrets/a');
    expect([options.status, options.headers.allow, options.text]).toEqual([
      204,
      'DELETE, OPTIONS, POST, PUT',
      '',
    ]);
    expect((await service.api('OPTIONS', '/nothing')).status).toBe(404);
  });

  it('answers HEAD as GET, without the body', async () => {
    const head = await service.api('HEAD', '/api/v1/runtime');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers['x-request-id']).toMatch(ULID);
  });

  it('ignores an expectation that it does not know', async () => {
    expect((await raw(request('GET /healthz', 'Expect: the-impossible\r\n'))).status).toBe(200);
  });
});

describe('every answer', () => {
  it('has an id of ours, never the one of the client, which the log has beside it', async () => {
    const theirs = 'client-id-77 {"evil":1}';
    const answer = await service.api('GET', '/healthz', { headers: { 'x-request-id': theirs } });
    const ours = answer.headers['x-request-id'] as string;
    expect(ours).toMatch(ULID);
    await expect
      .poll(() => logLine(ours))
      .toMatchObject({
        requestId: ours,
        clientRequestId: 'client-id-77?{"evil":1}',
        status: 200,
        route: '/healthz',
      });
  });

  it('leaves a log line without query, body or credentials', async () => {
    const secret = 'log-canary-5f1c';
    const answer = await service.api('PUT', `/api/v1/secrets/a%20b?token=${secret}`, {
      body: { value: secret },
      token: secret,
      headers: { cookie: secret },
    });
    await expect.poll(() => logLine(String(answer.headers['x-request-id']))).toBeDefined();
    expect(service.logs()).not.toContain(secret);
  });

  it('is counted by route template, those of the parser too', async () => {
    await raw('nonsense\r\n\r\n');
    await service.api('GET', '/api/v1/runs/01J00000000000000000000000');
    const { text, headers } = await service.api('GET', '/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toMatch(
      /risoluto_http_requests_total\{method="GET",route="\/api\/v1\/runs\/:id",status="404"\} \d/,
    );
    expect(text).toMatch(
      /risoluto_http_requests_total\{method="invalid",route="unmatched",status="400"\} \d/,
    );
    expect(text).toMatch(/risoluto_nodejs_eventloop_lag_seconds /);
  });
});

function logLine(requestId: string): unknown {
  const line = service
    .logs()
    .split('\n')
    .find((one) => one.includes('"msg":"request"') && one.includes(requestId));
  return line === undefined ? undefined : JSON.parse(line);
}
