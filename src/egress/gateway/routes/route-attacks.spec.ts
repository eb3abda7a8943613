import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { readBytes } from '../../../../test/support/gateway/read-answer.js';
import { RouteLab, SECRET, UPSTREAM } from '../../../../test/support/gateway/route-lab.js';

let lab: RouteLab;

beforeEach(async () => {
  lab = await new RouteLab().start();
});
afterEach(() => lab.stop());

describe('a sandbox on a credential route', () => {
  it('cannot have its next request read as the body of one whose body was never sent', async () => {
    lab.setRoutes({ paths: ['/models'] });
    // So much of the next head that its rest is another request, with the secret at its end.
    const swallowed = `GET /v1/models HTTP/1.1\r\nHost: ${UPSTREAM}\r\nX-A: `.length;
    for (const upgrade of ['h2c', 'websocket']) {
      const lines = ['Connection: Upgrade', `Upgrade: ${upgrade}`, `Content-Length: ${swallowed}`];
      const got = await lab.ask('/r/model/models', { method: 'POST', lines });
      expect([got.status, await got.body()]).toEqual([400, expect.stringContaining('HTTP/1.1')]);
    }
    const next = await lab.ask('/r/model/models', { lines: ['X-A: DELETE /v1/admin HTTP/1.1'] });
    expect([next.status, await next.body()]).toEqual([200, 'hello']);
    expect(lab.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /v1/models']);
    expect(lab.recorder.denials).toMatchObject([{ reason: 'malformed', status: 400 }, {}]);
  });

  it('sends no other spelling of what delimits or addresses a message', async () => {
    const spellings = ['Content_Length: 99', 'Transfer_Encoding: chunked', 'Keep_Alive: 1'];
    const hops = ['Connection: Authorization, X-Mine, Content-Type', 'X-Mine: 1', 'Proxy-X: 1'];
    const lines = [...spellings, ...hops, 'X_Other: stays', 'Content-Length: 2'];
    const got = await lab.ask('/r/model/x', { method: 'POST', lines, body: '{}' });
    expect([got.status, await got.body()]).toEqual([200, 'hello']);
    expect(lab.seen[0]?.rawHeaders).toEqual([
      ...['Host', UPSTREAM, 'X_Other', 'stays', 'Content-Length', '2'],
      ...['Accept-Encoding', 'identity', 'Authorization', `Bearer ${SECRET}`],
      ...['Connection', 'keep-alive'],
    ]);
  });

  it.each([
    ['both lengths', ['Content-Length: 2', 'Transfer-Encoding: chunked'], '0\r\n\r\n', 400],
    ['two lengths', ['Content-Length: 2', 'Content-Length: 2'], '{}', 400],
    ['a list of lengths', ['Content-Length: 2, 2'], '{}', 400],
    ['a coding before chunked', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n', 400],
    ['a hidden coding', ['Transfer-Encoding: \u000bchunked'], '0\r\n\r\n', 400],
    ['a space before the colon', ['Transfer-Encoding : chunked'], '0\r\n\r\n', 400],
    ['a folded line', ['X-A: 1', ' Transfer-Encoding: chunked', 'Content-Length: 2'], '{}', 400],
    ['a bare line feed', ['X-A: 1\nTransfer-Encoding: chunked'], '0\r\n\r\n', 400],
    ['a bare return', ['X-A: 1\rTransfer-Encoding: chunked'], '0\r\n\r\n', 400],
    [
      'a length that its connection names',
      ['Connection: content-length', 'Content-Length: 2'],
      '{}',
      400,
    ],
    ['a NUL', ['X-A: a\0b'], '', 400],
    ['a head that is too long', [`X-A: ${'a'.repeat(20_000)}`], '', 431],
    ['too many headers', Array.from({ length: 101 }, (_, at) => `X-${at}: 1`), '', 431],
  ])(
    'is refused a request with %s, of which nothing goes on',
    async (_what, lines, body, status) => {
      const got = await lab.ask('/r/model/x', { method: 'POST', lines, body });
      expect(got.status).toBe(status);
      expect(lab.sockets.size).toBe(0);
    },
  );

  it('has the bytes after a chunked body, extensions and trailers of its own read as its own', async () => {
    const lines = ['Transfer-Encoding: chunked', 'Trailer: Authorization'];
    const body =
      '2;x="y"\r\n{}\r\n0\r\nAuthorization: mine\r\n\r\nDELETE /v1/admin HTTP/1.1\r\n\r\n';
    let sent = '';
    lab.answer = (req, res) => {
      req.on('data', (bytes: Buffer) => (sent += bytes.toString()));
      req.on('end', () => res.end(JSON.stringify(req.rawTrailers)));
    };
    const got = await lab.ask('/r/model/x', { method: 'POST', lines, body });
    expect([got.status, sent]).toEqual([200, '{}']);
    expect(lab.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /v1/x']);
    expect(lab.seen[0]?.rawTrailers).toEqual([]);
  });

  it.each([
    ['http://model.test:8090/v1/x', 407],
    ['HTTP://AT/r/model/x', 407],
    ['http://x@AT/r/model/x', 407],
    ['//AT/r/model/x', 407],
    ['*', 407],
    ['/R/model/x', 407],
    ['/r/MODEL/x', 403],
    ['/r/mod%65l/x', 403],
    ['/r//model/x', 403],
    ['/r/../r/model/x', 403],
    ['/r/model/../other/x', 403],
  ])('reaches nothing by the target %s', async (target, status) => {
    const at = `${lab.at.address}:${lab.at.port}`;
    const url = target.replace('AT', at);
    const got = await lab.send(lab.session, `GET ${url} HTTP/1.1\r\nHost: ${at}\r\n\r\n`);
    expect(got.status).toBe(status);
    expect(lab.sockets.size).toBe(0);
  });

  it('is handed no interim answer, no reason of a status, and no upgrade that it did not ask for', async () => {
    lab.answer = (_req, res) => {
      res.socket?.end(
        [
          `HTTP/1.1 103 ${SECRET}\r\nLink: <${SECRET}>\r\n\r\n`,
          `HTTP/1.1 100 Continue\r\nX-Echo: ${SECRET}\r\n\r\n`,
          `HTTP/1.1 200 ${SECRET}\r\nX-Folded: ${SECRET}\r\nContent-Length: 2\r\n\r\nok`,
        ].join(''),
      );
    };
    const socket = lab.dial(lab.session);
    const at = `${lab.at.address}:${lab.at.port}`;
    const more = 'Expect: 100-continue\r\nConnection: close';
    socket.write(`GET /r/model/x HTTP/1.1\r\nHost: ${at}\r\n${more}\r\n\r\n`);
    const all = (await readBytes(socket, Infinity)).toString();
    expect(all).toContain('HTTP/1.1 200 OK');
    expect(all).not.toContain('103');
    expect(all).not.toContain(SECRET);
    lab.answer = (_req, res) =>
      res.socket?.end(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
      );
    expect((await lab.ask('/r/model/x')).status).toBe(502);
  });

  it('leaves no secret of its own in what is written down of it', async () => {
    const masked = (text: string) => text.replaceAll('own-secret', '***');
    const session = lab.admit(14, { routes: ['model'], masked });
    const long = 'a'.repeat(990);
    for (const path of ['/r/model/own-secret/x?own-secret', `/r/model/${long}own-secret`]) {
      await (await lab.ask(path, { as: session })).body();
    }
    await lab.ask('/r/own-secret/x', { as: session });
    await lab.ask('/r/model/own-secret/..', { as: session });
    await lab.connect(session, 'own-secret.model.test:99');
    await lab.send(session, 'GET own-secret HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(lab.decisions.map(({ host, path }) => [host, path])).toEqual([
      ['model.test', '/v1/***/x'],
      ['model.test', expect.stringMatching(/a\*\*\*$/)],
    ]);
    expect(lab.recorder.denials).toHaveLength(4);
    expect(JSON.stringify(lab.recorder)).not.toContain('own-secret');
  });

  it('is no WebSocket by a header that its connection does not name', async () => {
    const got = await lab.ask('/r/model/x', { lines: ['Upgrade: websocket'] });
    expect([got.status, await got.body()]).toEqual([200, 'hello']);
    expect(lab.seen[0]?.headers).not.toHaveProperty('upgrade');
  });

  it.each([
    ['HEAD', 200, undefined],
    ['GET', 204, undefined],
    ['GET', 304, undefined],
    ['GET', 200, '0'],
  ])('gets the answer to %s with %d and length %s, which is not unpacked', async (...args) => {
    const [method, status, length] = args;
    lab.answer = (_req, res) => {
      res.writeHead(status, {
        'Content-Encoding': 'gzip',
        ETag: '"1"',
        ...(length && { 'Content-Length': length }),
      });
      res.end();
    };
    const got = await lab.ask('/r/model/x', { method });
    expect([got.status, got.headers.get('etag')]).toEqual([status, '"1"']);
    expect(got.headers.has('content-encoding')).toBe(false);
    await vi.waitFor(() => expect(lab.recorder.open).toEqual([]));
    expect(got.socket.destroyed).toBe(false);
  });

  it.each([
    ['DELETE', 2],
    ['POST', 1],
    ['PATCH', 1],
  ])('has a %s that breaks off sent %d times', async (method, times) => {
    await (await lab.ask('/r/model/x')).body();
    lab.answer = (req) => req.socket.destroy();
    const got = await lab.ask('/r/model/x', { method });
    expect([got.status, lab.seen.length - 1]).toEqual([502, times]);
  });
});
