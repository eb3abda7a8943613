import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';

import { ErrorReplies } from './error-replies.js';
import { createFastifyServer } from './fastify-server.js';
import { RequestObservers, type AnsweredRequest } from './request-observers.js';

const TIMEOUTS = {
  headersMs: 300,
  requestMs: 600,
  idleConnectionMs: 5000,
  keepAliveMs: 5000,
  checkEveryMs: 50,
};

let server: FastifyInstance | undefined;
let slowCalls = 0;

async function start(): Promise<{ port: number; answered: AnsweredRequest[] }> {
  const answered: AnsweredRequest[] = [];
  const observers = new RequestObservers();
  observers.register((one) => void answered.push(one));
  server = createFastifyServer({
    replies: new ErrorReplies(pino({ enabled: false })),
    observers,
    timeouts: TIMEOUTS,
    clientAddressOf: () => '127.0.0.1',
  });
  server.post('/echo/:name', (request) => ({ bytes: (request.body as Buffer).length }));
  server.get('/fails', () => {
    throw new Error('a driver said hunter2');
  });
  server.get('/slow', () => {
    slowCalls += 1;
    return sleep(300, 'done');
  });
  server.get('/breaks', (_request, reply) => {
    reply.raw.writeHead(200, { 'content-type': 'text/plain' });
    reply.raw.write('half');
    throw new Error('too late for an answer');
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  const [address] = server.addresses();
  return { port: (address as AddressInfo).port, answered };
}

async function send(port: number, ...parts: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const answer = text(socket);
  for (const part of parts) socket.write(part);
  return answer;
}

async function slowCallsAre(count: number): Promise<void> {
  await expect.poll(() => slowCalls, { timeout: 5000 }).toBe(count);
}

afterEach(async () => {
  slowCalls = 0;
  await server?.close();
  server = undefined;
});

describe('the server around the routes', () => {
  it('gives up on headers that do not end, with an answer', async () => {
    const { port, answered } = await start();
    const began = performance.now();
    expect(await send(port, 'GET / HTTP/1.1\r\nHost: localhost\r\nX: ')).toMatch(
      /^HTTP\/1\.1 408 [^]*X-Request-ID: \w{26}[^]*"code":"request_timeout"/,
    );
    expect(performance.now() - began).toBeLessThan(1500);
    expect(answered).toMatchObject([{ status: 408, route: 'unmatched', method: 'invalid' }]);
  });

  it('gives up on a body that does not end, with an answer', async () => {
    const { port } = await start();
    const head = 'POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{';
    expect(await send(port, head)).toMatch(/^HTTP\/1\.1 408 [^]*"code":"request_timeout"/);
  });

  it('sees the last of many thousand headers, which a proxy may have added', async () => {
    const { port } = await start();
    let seen: unknown;
    server?.server.prependListener('request', (request) => (seen = request.headers['x-real-ip']));
    const many = 'a:\r\n'.repeat(3000);
    await send(
      port,
      `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${many}X-Real-IP: 9\r\n\r\n`,
    );
    expect(seen).toBe('9');
  });

  it('hides what a handler stumbled over and says where to look', async () => {
    const { port } = await start();
    const answer = await send(port, 'GET /fails HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 500 [^]*"code":"internal_error"/);
    expect(answer).not.toContain('hunter2');
  });

  it('cuts an answer that breaks in its middle, so that it cannot look whole', async () => {
    const { port } = await start();
    const request = send(port, 'GET /breaks HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = await request.catch(() => '');
    expect(answer).not.toContain('0\r\n\r\n');
    expect(answer).not.toContain('"error"');
  });

  it(
    'tells of every answer once, with its own id, those that the client did not wait for too',
    { timeout: 30_000 },
    async () => {
      const { port, answered } = await start();
      const closing = 'Host: a\r\nConnection: close\r\n\r\n';
      await send(port, `GET /nothing HTTP/1.1\r\n${closing}`);
      await send(port, `GET /fails HTTP/1.1\r\n${closing}`);
      await send(port, `GET /%zz HTTP/1.1\r\n${closing}`);
      await send(port, 'GET /breaks HTTP/1.1\r\nHost: a\r\n\r\n').catch(() => '');
      const impatient = connect(port, '127.0.0.1');
      impatient.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
      await slowCallsAre(1);
      impatient.destroy();
      await expect.poll(() => answered.length, { timeout: 5000 }).toBe(5);
      await sleep(400);
      expect(answered.map(({ route, status, aborted }) => [route, status, aborted])).toEqual([
        ['unmatched', 404, false],
        ['/fails', 500, false],
        ['unmatched', 400, false],
        ['/breaks', 200, true],
        ['/slow', 499, true],
      ]);
      expect(new Set(answered.map(({ requestId }) => requestId)).size).toBe(5);
    },
  );

  it('answers in the envelope while it closes', async () => {
    const { port } = await start();
    const socket = connect(port, '127.0.0.1');
    const answers = text(socket);
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await slowCallsAre(1);
    const closed = server?.close();
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await answers).toMatch(/^HTTP\/1\.1 200 [^]*HTTP\/1\.1 503 [^]*"code":"shutting_down"/);
    await closed;
  });
});
