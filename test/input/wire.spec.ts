import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sendRaw } from '../support/raw-http.js';
import type { RunningService } from '../support/service.js';
import { startWithoutEngine } from './refusal.js';
import { stateOf } from './state.js';

const BODY = '{"value":"smuggled"}';
const INNER = `PUT /api/v1/secrets/SMUGGLED HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

let service: RunningService;
let before: unknown;

beforeAll(async () => {
  service = await startWithoutEngine();
  await service.api('PUT', '/api/v1/secrets/TOKEN', { body: { value: 'kept' } });
  before = await stateOf(service);
});

afterAll(() => service.stop());

const head = (line: string, ...headers: string[]) =>
  [`${line} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close', ...headers, '', ''].join('\r\n');
const POST = 'POST /api/v1/runs';

/** Each could be one request to one reader and two to another. */
const AMBIGUOUS: [string, string][] = [
  [
    'a length and chunks',
    `${head(POST, 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${INNER}`,
  ],
  [
    'chunks and a length',
    `${head(POST, 'Transfer-Encoding: chunked', 'Content-Length: 4')}0\r\n\r\n${INNER}`,
  ],
  ['two lengths', `${head(POST, 'Content-Length: 0', `Content-Length: ${INNER.length}`)}${INNER}`],
  ['a list of lengths', `${head(POST, 'Content-Length: 0, 5')}${INNER}`],
  ['a signed length', `${head(POST, 'Content-Length: +2')}{}${INNER}`],
  ['a negative length', `${head(POST, 'Content-Length: -1')}${INNER}`],
  ['a hexadecimal length', `${head(POST, 'Content-Length: 0x2')}{}${INNER}`],
  ['a length with a space before its colon', `${head(POST, 'Content-Length : 2')}{}${INNER}`],
  ['another coding', `${head(POST, 'Transfer-Encoding: xchunked')}0\r\n\r\n${INNER}`],
  [
    'a coding after chunks',
    `${head(POST, 'Transfer-Encoding: chunked, identity')}0\r\n\r\n${INNER}`,
  ],
  [
    'a coding with a tab',
    `${head(POST, 'Transfer-Encoding:\tchunked', 'Content-Length: 4')}0\r\n\r\n${INNER}`,
  ],
  [
    'a folded coding',
    `${head(POST, 'Transfer-Encoding:', ' chunked', 'Content-Length: 4')}0\r\n\r\n${INNER}`,
  ],
  ['a folded header', `${head(POST, 'X-A: b', ' Content-Length: 2')}{}${INNER}`],
  [
    'a chunk size that is none',
    `${head(POST, 'Transfer-Encoding: chunked')}0x2\r\n{}\r\n0\r\n\r\n${INNER}`,
  ],
  [
    'a negative chunk size',
    `${head(POST, 'Transfer-Encoding: chunked')}-2\r\n{}\r\n0\r\n\r\n${INNER}`,
  ],
  [
    'a chunk size past all numbers',
    `${head(POST, 'Transfer-Encoding: chunked')}ffffffffffffffff1\r\n{}\r\n`,
  ],
  [
    'a chunk that is longer than it says',
    `${head(POST, 'Transfer-Encoding: chunked')}1\r\n{}\r\n0\r\n\r\n${INNER}`,
  ],
  ['two hosts', head('GET /api/v1/runs', 'Host: evil.example')],
  ['the same host twice', head('GET /api/v1/runs', 'Host: 127.0.0.1')],
  ['no host', 'GET /api/v1/runs HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['a host in the target', head('GET http://127.0.0.1/api/v1/runs')],
  ['a scheme that is none', head('GET file:///etc/passwd')],
  ['an authority for a target', head('GET 127.0.0.1:80')],
  ['a star for a target', head('GET *')],
  ['a header without a name', head('GET /api/v1/runs', ': x')],
  ['a header name with a space', head('GET /api/v1/runs', 'X A: b')],
  ['a header name with NUL', head('GET /api/v1/runs', 'X\0A: b')],
  ['a header value with NUL', head('GET /api/v1/runs', 'X-A: b\0c')],
  ['a carriage return alone in a header', head('GET /api/v1/runs', 'X-A: b\rX-B: c')],
  [
    'a line feed alone after the request line',
    `GET /api/v1/runs HTTP/1.1\nHost: 127.0.0.1\r\n\r\n`,
  ],
  ['line feeds alone', `GET /api/v1/runs HTTP/1.1\nHost: 127.0.0.1\n\n`],
  [
    'a line feed alone between headers',
    `GET /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1\nX-A: b\r\n\r\n`,
  ],
  [
    'a version of its own',
    'GET /api/v1/runs HTTP/9.9\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
  ],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['no version', 'GET /api/v1/runs\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
];

describe('a request that two readers would read differently', () => {
  it.each(AMBIGUOUS)('with %s is refused once, and the connection closed', async (_what, bytes) => {
    const socket = await sendRaw(service.url, Buffer.from(bytes, 'latin1'));
    expect([400, 501]).toContain(socket.status);
    expect(JSON.parse(socket.body)).toMatchObject({ error: { code: 'malformed_request' } });
    expect(socket.headers.get('x-request-id')).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  it('has changed nothing', async () => {
    expect(await stateOf(service)).toEqual(before);
  });

  it('two requests in one write are two where they are clear', async () => {
    const { body } = await sendRaw(service.url, `${INNER}${head('GET /healthz')}`);
    expect(body).toContain('HTTP/1.1 200 OK');
    expect(await stateOf(service)).not.toEqual(before);
    await service.api('DELETE', '/api/v1/secrets/SMUGGLED');
  });
});

describe('a method', () => {
  const paths = ['/api/v1/runs', '/api/v1/secrets', '/api/v1/secrets/A', '/metrics', '/healthz'];
  const others = ['TRACE', 'PATCH', 'PROPFIND', 'LOCK', 'SEARCH', 'MKCOL', 'LINK', 'PURGE'];

  it.each(others)('%s that no route takes is 405 with those that it takes', async (method) => {
    for (const path of paths) {
      const { status, body, headers } = await service.api(method, path);
      expect([status, body.error.code], path).toEqual([405, 'method_not_allowed']);
      expect(headers.allow).toMatch(/OPTIONS/);
    }
  });

  it('TRACE shows nothing of what came, and CONNECT goes nowhere', async () => {
    const secret = 'Bearer trace-canary';
    const traced = await service.api('TRACE', '/healthz', { headers: { authorization: secret } });
    expect(traced.text + JSON.stringify(traced.headers)).not.toContain('trace-canary');
    const connect = `CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\nConnection: close\r\n\r\n`;
    // Node hangs up by itself.
    expect((await sendRaw(service.url, connect)).body).toBe('');
  });

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])(
    '%s does not change it',
    async (name) => {
      const headers = { [name]: 'DELETE' };
      const path = '/api/v1/secrets/TOKEN';
      expect((await service.api('GET', path, { headers })).status).toBe(405);
      expect((await service.api('GET', `${path}?_method=DELETE`)).status).toBe(405);
      expect((await service.api('GET', '/api/v1/secrets')).body.keys).toContain('TOKEN');
    },
  );

  it('HEAD answers as GET and changes nothing; OPTIONS says what may be done', async () => {
    for (const path of ['/api/v1/runs', '/api/v1/audit', '/api/v1/config', '/metrics', '/readyz']) {
      const head = await service.api('HEAD', path);
      expect([head.status, head.text], path).toEqual([200, '']);
      const options = await service.api('OPTIONS', path);
      expect(options.status, path).toBe(204);
      expect(options.headers.allow, path).toMatch(/^GET, HEAD, OPTIONS(, POST)?$/);
      expect(options.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});
