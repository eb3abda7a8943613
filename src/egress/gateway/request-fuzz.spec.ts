import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { edited, edits } from '../../../test/support/gateway/byte-edits.js';
import { GatewayLab } from '../../../test/support/gateway/gateway-lab.js';
import { sized } from '../../../test/support/long-form.js';
import type { GatewaySession } from './gateway-session.js';

const PORT = 8080;
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

let lab: GatewayLab;
let session: GatewaySession;
let upstream: Server;
/** What each connection to the internet brought. */
let arrived: Buffer[][];

beforeAll(async () => {
  const timings = { headMs: 150, helloMs: 150, idleMs: 300, halfOpenMs: 100, lookMs: 20 };
  lab = await new GatewayLab({ httpPort: PORT, timings }).start();
  arrived = [];
  upstream = createServer((socket) => {
    const chunks: Buffer[] = [];
    arrived.push(chunks);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      if (chunks.length === 0) socket.write(ANSWER);
      chunks.push(bytes);
    });
  }).listen(PORT, lab.host(20));
  await once(upstream, 'listening');
  lab.resolver.names.set('a.test', [lab.host(20)]);
  lab.resolver.names.set('evil.test', [lab.host(20)]);
  lab.change({ allowlist: ['a.test:8080'] });
  session = lab.admit();
});

afterAll(async () => {
  await lab.gateway.close();
  upstream.close();
});

const LIKELY = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    '\t',
    ':',
    ',',
    '@',
    'evil.test',
    '\r\n\r\n',
    ';',
    '0\r\n\r\n',
  ],
  ...['Host: evil.test\r\n', 'Content-Length: 9\r\n', 'Transfer-Encoding: chunked\r\n', 'HTTP/1.0'],
  ...[
    'Connection: host\r\n',
    'GET http://evil.test/ HTTP/1.1\r\n',
    'X: \xff\r\n',
    'Expect: 100-continue\r\n',
  ],
].map((piece) => Buffer.from(piece, 'latin1'));

/** Requests that are right, before somebody edits them. */
function requests(): Buffer[] {
  const credentials = `Proxy-Authorization: ${lab.authorization(session)}\r\n`;
  const plain = `Host: a.test:8080\r\n${credentials}`;
  return [
    `GET http://a.test:8080/ HTTP/1.1\r\n${plain}\r\n`,
    `POST http://a.test:8080/p HTTP/1.1\r\n${plain}Content-Length: 5\r\n\r\nhello`,
    `POST http://a.test:8080/c HTTP/1.1\r\n${plain}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    `CONNECT a.test:8080 HTTP/1.1\r\n${credentials}\r\nGET /t HTTP/1.1\r\nHost: a.test:8080\r\n\r\n`,
    `GET http://a.test:8080/w HTTP/1.1\r\n${plain}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  ].map((text) => Buffer.from(text, 'latin1'));
}

/** Sends them and waits for the end, which the gateway's limits of time bring. */
function exchange(bytes: Buffer): Promise<string> {
  const socket: Socket = lab.dial(session);
  let answer = '';
  socket.on('data', (part: Buffer) => (answer += part.toString('latin1')));
  socket.write(bytes);
  const timer = setTimeout(() => socket.end(), 30);
  return new Promise((resolve) =>
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(answer);
    }),
  );
}

/** Exactly one request for the listed host, and nothing that the gateway was not to pass on. */
function expectOneRequest(bytes: Buffer): void {
  const text = bytes.toString('latin1');
  const head = text.slice(0, text.indexOf('\r\n\r\n') + 2);
  const [line = '', ...headers] = head.split('\r\n').slice(0, -1);
  expect(line).toMatch(/^[A-Z-]+ [/*][\x21-\x7e]* HTTP\/1\.1$/);
  for (const header of headers)
    expect(header).toMatch(/^[!#$%&'*+\-.^_`|~\w]+: ?[\t\x20-\x7e\x80-\xff]*$/);
  const named = (name: RegExp): string[] => headers.filter((header) => name.test(header));
  expect(named(/^host:/i)).toEqual(['Host: a.test:8080']);
  expect(named(/^proxy-/i)).toEqual([]);
  expect(named(/^(content-length|transfer-encoding):/i).length).toBeLessThanOrEqual(1);
  const [length] = named(/^content-length:/i);
  const body = text.slice(head.length + 2);
  if (length !== undefined) expect(body.length).toBeLessThanOrEqual(Number(length.split(':')[1]));
  else if (named(/^transfer-encoding:/i).length > 0) expect(body).toMatch(/^([0-9a-f]+\r\n[^]*)?$/);
  else expect(body).toBe('');
}

describe('requests that somebody tampered with, through a socket', () => {
  it('reach no host that is not listed, one by one and whole', async () => {
    const originals = requests();
    const which = fc.nat({ max: originals.length - 1 });
    const batch = fc.array(fc.tuple(which, edits(3, LIKELY)), { minLength: 40, maxLength: 40 });
    let reached = 0;
    await fc.assert(
      fc.asyncProperty(batch, async (cases) => {
        arrived.length = 0;
        await Promise.all(cases.map(([at, list]) => exchange(edited(originals[at]!, list))));
        const streams = arrived
          .map((chunks) => Buffer.concat(chunks))
          .filter(({ length }) => length > 0);
        reached += streams.length;
        for (const stream of streams) expectOneRequest(stream);
      }),
      { numRuns: sized(30, 5000), endOnFailure: true },
    );
    expect(reached).toBeGreaterThan(50);
    const [right] = originals;
    expect(await exchange(right!)).toContain('200 OK');
    expect(lab.resolver.asked).not.toContain('evil.test');
    await expect.poll(() => lab.recorder.open).toEqual([]);
  });
});
