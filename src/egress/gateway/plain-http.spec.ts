import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { GatewayLab } from '../../../test/support/gateway/gateway-lab.js';
import { readAnswer, readBytes } from '../../../test/support/gateway/read-answer.js';
import { Web } from '../../../test/support/gateway/web.js';
import type { GatewaySession } from './gateway-session.js';

const PORT = 8080;

let lab: GatewayLab;
let web: Web;
let session: GatewaySession;
let raw: Server[];

beforeEach(async () => {
  lab = await new GatewayLab({ httpPort: PORT, timings: { headMs: 300, lookMs: 50 } }).start();
  raw = [];
  web = await new Web().listen(PORT, lab.host(20));
  lab.resolver.names.set('a.test', [lab.host(20)]);
  lab.resolver.names.set('b.test', [lab.host(20)]);
  lab.change({ allowlist: ['a.test:8080', 'a.test:8081'] });
  session = lab.admit();
});

afterEach(async () => {
  await lab.gateway.close();
  web.close();
  for (const server of raw) server.close();
});

const header = (lines: readonly string[], name: string): string | undefined => {
  const at = lines.findIndex((line, index) => index % 2 === 0 && line.toLowerCase() === name);
  return at < 0 ? undefined : lines[at + 1];
};

/** A server that answers every connection with the same bytes. */
async function serveBytes(bytes: string): Promise<void> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(bytes));
  }).listen(8081, lab.host(20));
  await once(server, 'listening');
  raw.push(server);
}

describe('a plain request', () => {
  it('is sent on in origin form, without what is of one connection only', async () => {
    const lines = [
      'User-Agent: me',
      'Connection: keep-alive, X-Hop',
      'Keep-Alive: 5',
      'X-Hop: gone',
      'Proxy-Connection: keep-alive',
      'TE: trailers',
      'X-Stays: yes',
    ];
    const answer = await lab.request(session, 'http://A.test:8080/path?q=1', {
      lines: ['Host: A.TEST:8080', ...lines],
    });
    expect([answer.status, await answer.body()]).toEqual([200, 'you asked for /path?q=1']);
    const [seen] = web.seen;
    expect(seen?.rawHeaders).toEqual([
      ...['Host', 'a.test:8080', 'User-Agent', 'me', 'X-Stays', 'yes', 'Connection', 'close'],
    ]);
    const [allowed] = lab.recorder.allowances;
    expect(allowed?.decision).toMatchObject({ host: 'a.test', port: PORT, rule: 'a.test:8080' });
    await expect.poll(() => allowed?.end?.bytesDown).toBeGreaterThan(100);
  });

  it('carries bodies with a length and in chunks, and those of the answer', async () => {
    const url = 'http://a.test:8080/';
    await lab.request(session, url, {
      method: 'POST',
      lines: ['Content-Length: 5'],
      body: 'hello',
    });
    await lab.request(session, url, {
      method: 'PUT',
      lines: ['Transfer-Encoding: Chunked'],
      body: '3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n',
    });
    await lab.request(session, url, { method: 'POST' });
    await expect.poll(() => web.seen.map(({ body }) => body)).toEqual(['hello', 'abcdefg', '']);
    expect(header(web.seen[1]!.rawHeaders, 'transfer-encoding')).toBe('chunked');
    expect(header(web.seen[2]!.rawHeaders, 'content-length')).toBe('0');
  });

  it('may be one of many on a connection, each held against the rules', async () => {
    const credentials = `Proxy-Authorization: ${lab.authorization(session)}`;
    const socket = lab.dial(session);
    for (const [url, host, status] of [
      ['http://a.test:8080/1', 'a.test:8080', 200],
      ['http://b.test:8080/2', 'b.test:8080', 403],
      ['http://a.test:8080/3', 'a.test:8080', 200],
    ] as const) {
      socket.write(`GET ${url} HTTP/1.1\r\nHost: ${host}\r\n${credentials}\r\n\r\n`);
      const answer = await readAnswer(socket);
      await answer.body();
      expect([url, answer.status]).toEqual([url, status]);
    }
    expect(web.seen.map(({ url }) => url)).toEqual(['/1', '/3']);
    socket.destroy();
  });

  it('may be sent before the last one is answered, and is served after it', async () => {
    const credentials = `Proxy-Authorization: ${lab.authorization(session)}`;
    const ask = (at: number): string =>
      `GET http://a.test:8080/${at} HTTP/1.1\r\nHost: a.test:8080\r\n${credentials}\r\n\r\n`;
    const socket = lab.dial(session);
    socket.write([0, 1, 2, 3].map(ask).join(''));
    for (const at of [0, 1, 2, 3]) {
      const answer = await readAnswer(socket);
      expect(await answer.body()).toBe(`you asked for /${at}`);
      expect(lab.recorder.allowances.length).toBeLessThanOrEqual(at + 2);
    }
    socket.write(Array.from({ length: 100 }, (_, at) => ask(at)).join(''));
    await readBytes(socket, Infinity);
    expect(web.seen.length).toBeLessThan(100);
    await expect.poll(() => lab.recorder.open).toEqual([]);
  });

  it('is asked for its credentials without being denied', async () => {
    const answer = await lab.send(
      session,
      'GET http://a.test:8080/ HTTP/1.1\r\nHost: a.test:8080\r\n\r\n',
    );
    expect([answer.status, answer.headers.get('proxy-authenticate')]).toEqual([
      407,
      'Basic realm="risoluto"',
    ]);
    await answer.body();
    expect(lab.recorder.denials).toEqual([]);
    const authorization = lab.authorization(session);
    answer.socket.write(
      `GET http://a.test:8080/ HTTP/1.1\r\nHost: a.test:8080\r\nProxy-Authorization: ${authorization}\r\n\r\n`,
    );
    expect((await readAnswer(answer.socket)).status).toBe(200);
    answer.socket.destroy();
  });

  it('that gets no answer is told so', async () => {
    await serveBytes('');
    expect((await lab.request(session, 'http://a.test:8081/')).status).toBe(502);
    expect(lab.recorder.allowances).toHaveLength(1);
    expect(lab.recorder.denials).toEqual([]);
  });

  it.each([
    [
      'a switch of protocol that was not asked for',
      'HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nX',
    ],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['no HTTP', 'SSH-2.0-x\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
  ])('whose answer is %s gets none of it', async (_what, bytes) => {
    await serveBytes(bytes);
    const answer = await lab.request(session, 'http://a.test:8081/');
    expect([0, 502]).toContain(answer.status);
  });

  it('whose answer breaks off is broken off too', async () => {
    await serveBytes('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    const { socket, status } = await lab.request(session, 'http://a.test:8081/');
    const body = (await readBytes(socket, 1000)).toString();
    expect(status).toBe(200);
    expect(body).not.toContain('\r\n0\r\n');
    expect(socket.destroyed || socket.readableEnded).toBe(true);
  });

  it('does not bring back what only a proxy says', async () => {
    await serveBytes(
      'HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm="evil"\r\nX-Risoluto-Egress: x\r\nContent-Length: 0\r\n\r\n',
    );
    const { status, headers } = await lab.request(session, 'http://a.test:8081/');
    expect(status).toBe(407);
    expect([...headers.keys()].filter((name) => /^proxy-|risoluto/.test(name))).toEqual([]);
  });
});

describe('a request that two servers might read as two', () => {
  const url = 'http://a.test:8080/';

  it.each([
    [
      'Content-Length and Transfer-Encoding',
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      '0\r\n\r\nG',
    ],
    [
      'Transfer-Encoding and Content-Length',
      ['Transfer-Encoding: chunked', 'Content-Length: 5'],
      '0\r\n\r\nG',
    ],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6'], 'hello!'],
    ['two equal lengths', ['Content-Length: 5', 'Content-Length: 5'], 'hello'],
    ['a list of lengths', ['Content-Length: 5, 5'], 'hello'],
    ['a signed length', ['Content-Length: +5'], 'hello'],
    ['a length in hex', ['Content-Length: 0x5'], 'hello'],
    ['two encodings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['a list of encodings', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'],
    ['identity', ['Transfer-Encoding: identity'], ''],
    ['an encoding with a tab', ['Transfer-Encoding:\tx-chunked'], '0\r\n\r\n'],
    ['an encoding with a space before the colon', ['Transfer-Encoding : chunked'], '0\r\n\r\n'],
    ['a folded encoding', ['Transfer-Encoding:\r\n chunked'], '0\r\n\r\n'],
    ['a folded header', ['X-A: b\r\n c: d'], ''],
    ['a header without a colon', ['X-A'], ''],
    ['a NUL in a header', ['X-A: b\0c'], ''],
    ['a bare CR in a header', ['X-A: b\rX-B: c'], ''],
    ['two hosts', ['Host: a.test:8080', 'Host: b.test:8080'], ''],
    ['two equal hosts', ['Host: a.test:8080', 'Host: a.test:8080'], ''],
    [
      'a Connection that takes the length away',
      ['Content-Length: 5', 'Connection: content-length'],
      'hello',
    ],
    ['a Connection that takes the host away', ['Connection: Host'], ''],
    ['a chunk of a size that is none', ['Transfer-Encoding: chunked'], 'x\r\n'],
  ])('is refused: %s', async (_what, lines, body) => {
    const answer = await lab.request(session, url, { method: 'POST', lines: [...lines], body });
    expect([0, 400, 417]).toContain(answer.status);
    answer.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(web.seen).toEqual([]);
  });

  it('is never read on after one that was refused for its body', async () => {
    const lines = ['Content-Length: 4', 'Transfer-Encoding: chunked'];
    const body = `0\r\n\r\nGET ${url}hidden HTTP/1.1\r\nHost: a.test:8080\r\n\r\n`;
    const { socket, status } = await lab.request(session, url, { method: 'POST', lines, body });
    expect(status).toBe(400);
    await readBytes(socket, 10_000);
    expect(web.seen).toEqual([]);
  });

  it.each([
    ['/', 'origin form'],
    ['*', 'an asterisk'],
    ['https://a.test:8080/', 'https'],
    ['ftp://a.test:8080/', 'another scheme'],
    ['http://user:pw@a.test:8080/', 'a user'],
    ['http://a.test:8080#x', 'a fragment'],
    ['http://a.test:8080\\@b.test/', 'a backslash'],
    ['http:///x', 'no host'],
    ['http://a.test:/x', 'no port'],
    ['//a.test:8080/', 'no scheme'],
  ])('is refused as %s (%s)', async (target) => {
    const { status } = await lab.send(
      session,
      `GET ${target} HTTP/1.1\r\nHost: a.test:8080\r\nProxy-Authorization: ${lab.authorization(session)}\r\n\r\n`,
    );
    expect(status).toBe(400);
    expect(lab.recorder.reasons).toEqual(['malformed']);
  });

  it('is refused where Host is another', async () => {
    for (const host of ['b.test:8080', 'a.test', 'a.test:8081', 'a.test:8080.b.test']) {
      const { status } = await lab.request(session, url, { lines: [`Host: ${host}`] });
      expect([host, [400, 403].includes(status)]).toEqual([host, true]);
    }
    expect(lab.recorder.reasons.slice(0, 3)).toEqual([
      'host_mismatch',
      'host_mismatch',
      'host_mismatch',
    ]);
    expect(web.seen).toEqual([]);
  });

  it('is refused without Host, and with other versions', async () => {
    const credentials = `Proxy-Authorization: ${lab.authorization(session)}`;
    const head = (version: string) => `GET ${url} HTTP/${version}\r\n${credentials}\r\n\r\n`;
    expect((await lab.send(session, head('1.1'))).status).toBe(400);
    expect((await lab.send(session, head('1.0'))).status).toBe(200);
    expect([400, 505]).toContain((await lab.send(session, head('2.0'))).status);
    expect([400, 505]).toContain((await lab.send(session, head('1.2'))).status);
    expect(web.seen).toHaveLength(1);
  });

  it('is refused with a head that is too large', async () => {
    const long = await lab.request(session, url, { lines: [`X: ${'x'.repeat(17_000)}`] });
    expect(long.status).toBe(431);
    const lines = Array.from({ length: 100 }, (_, at) => `X-${at}: x`);
    expect((await lab.request(session, url, { lines })).status).toBe(431);
    expect((await lab.request(session, url, { lines: lines.slice(5) })).status).toBe(200);
    expect(lab.recorder.reasons).toEqual(['malformed', 'malformed']);
  });
});

describe('a tunnel to the port of plain HTTP', () => {
  it('has each of its requests read, and no other Host', async () => {
    const { status, socket } = await lab.connect(session, 'a.test:8080');
    expect(status).toBe(200);
    for (const [target, host, expected] of [
      ['/1', 'a.test:8080', 200],
      ['/2', 'b.test:8080', 403],
      ['http://a.test:8080/3', 'a.test:8080', 200],
      ['http://b.test:8080/4', 'b.test:8080', 403],
    ] as const) {
      socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      const answer = await readAnswer(socket);
      await answer.body();
      expect([target, answer.status]).toEqual([target, expected]);
    }
    expect(web.seen.map(({ url }) => url)).toEqual(['/1', '/3']);
    expect(lab.resolver.asked).toEqual(['a.test']);
    expect(lab.recorder.reasons).toEqual(['host_mismatch', 'host_mismatch']);
    socket.destroy();
  });

  it('takes requests that come with the CONNECT, and none but HTTP', async () => {
    const head = `CONNECT a.test:8080 HTTP/1.1\r\nProxy-Authorization: ${lab.authorization(session)}\r\n\r\n`;
    const early = await lab.send(
      session,
      `${head}GET /early HTTP/1.1\r\nHost: a.test:8080\r\n\r\n`,
    );
    expect((await readAnswer(early.socket)).status).toBe(200);
    early.socket.destroy();
    const { socket } = await lab.connect(session, 'a.test:8080');
    socket.write(Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 0]));
    expect((await readAnswer(socket)).status).toBe(400);
    const nested = await lab.connect(session, 'a.test:8080');
    nested.socket.write('CONNECT a.test:8081 HTTP/1.1\r\nHost: a.test:8081\r\n\r\n');
    expect((await readAnswer(nested.socket)).status).toBe(400);
    expect(web.seen.map(({ url }) => url)).toEqual(['/early']);
  });

  it('is refused when the host is not listed', async () => {
    expect((await lab.connect(session, 'b.test:8080')).status).toBe(403);
  });
});

describe('a WebSocket', () => {
  const handshake = (host: string, target: string, more = ''): string =>
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`;

  async function expectEcho(socket: Socket): Promise<void> {
    const answer = await readAnswer(socket);
    expect(answer.status).toBe(101);
    expect(answer.headers.get('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    const frame = Buffer.from([0x81, 0x85, 1, 2, 3, 4, 0x69, 0x67, 0x6f, 0x68, 0x6e]);
    socket.write(frame);
    expect(await readBytes(socket, frame.length)).toEqual(frame);
    socket.destroy();
  }

  it('to a listed host is opened in a tunnel', async () => {
    const { socket } = await lab.connect(session, 'a.test:8080');
    socket.write(handshake('a.test:8080', '/chat'));
    await expectEcho(socket);
  });

  it('to a listed host is opened by a request to the proxy', async () => {
    const socket = lab.dial(session);
    const credentials = `Proxy-Authorization: ${lab.authorization(session)}\r\n`;
    socket.write(handshake('a.test:8080', 'http://a.test:8080/chat', credentials));
    await expectEcho(socket);
    expect(lab.recorder.allowances).toHaveLength(1);
    await expect.poll(() => lab.recorder.open).toEqual([]);
  });

  it('to an unlisted host is refused, by either way', async () => {
    const credentials = `Proxy-Authorization: ${lab.authorization(session)}\r\n`;
    const asked = handshake('b.test:8080', 'http://b.test:8080/chat', credentials);
    expect((await lab.send(session, asked)).status).toBe(403);
    const { socket } = await lab.connect(session, 'a.test:8080');
    socket.write(handshake('b.test:8080', '/chat'));
    expect((await readAnswer(socket)).status).toBe(403);
    expect(lab.recorder.reasons).toEqual(['not_listed', 'host_mismatch']);
    expect(web.seen).toEqual([]);
  });

  it('that the server does not take has the server’s own answer', async () => {
    await serveBytes('HTTP/1.1 426 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n');
    const credentials = `Proxy-Authorization: ${lab.authorization(session)}\r\n`;
    const answer = await lab.send(
      session,
      handshake('a.test:8081', 'http://a.test:8081/chat', credentials),
    );
    expect([answer.status, await answer.body()]).toEqual([426, 'no']);
  });

  it('is the one thing that a connection is upgraded to', async () => {
    const lines = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAA'];
    const answer = await lab.request(session, 'http://a.test:8080/', { lines });
    expect([answer.status, await answer.body()]).toEqual([200, 'you asked for /']);
    expect(header(web.seen[0]!.rawHeaders, 'upgrade')).toBeUndefined();
    const body = await lab.request(session, 'http://a.test:8080/', {
      lines: ['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 2'],
      body: 'xx',
    });
    expect(body.status).toBe(400);
  });
});
