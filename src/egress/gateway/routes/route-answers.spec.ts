import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { readBytes, readUntil } from '../../../../test/support/gateway/read-answer.js';
import {
  closing,
  credential,
  RouteLab,
  SECRET,
  UPSTREAM,
} from '../../../../test/support/gateway/route-lab.js';

let lab: RouteLab;

beforeEach(async () => {
  lab = await new RouteLab().start();
});
afterEach(() => lab.stop());

describe('the answer of an upstream', () => {
  const hex = Buffer.from(SECRET).toString('hex');

  it('comes back without the secret, in headers and in the body, whatever the status is', async () => {
    lab.answer = (req, res) => {
      const text = `you sent ${req.headers.authorization} (${hex})`;
      res.writeHead(req.url === '/v1/bad' ? 401 : 200, 'Sent', {
        'X-Echo': String(req.headers.authorization),
        [`X-${SECRET}`]: '1',
        'Set-Cookie': 'session=worth-as-much',
        'Content-Length': text.length,
      });
      res.end(text);
    };
    for (const path of ['/r/model/good', '/r/model/bad']) {
      const got = await lab.ask(path);
      const stars = '*'.repeat(SECRET.length);
      expect(got.headers.get('x-echo')).toBe(`Bearer ${stars}`);
      expect(got.headers.has('set-cookie')).toBe(false);
      expect(await got.body()).toBe(`you sent Bearer ${stars} (${'*'.repeat(hex.length)})`);
      expect(JSON.stringify([...got.headers])).not.toContain(SECRET);
    }
  });

  it('comes back without the secret in pieces, compressed, and in no trailer', async () => {
    lab.answer = (req, res) => {
      if (req.url === '/v1/gzip') {
        const body = gzipSync(`<${SECRET}>`);
        res.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': body.length });
        return void res.end(body);
      }
      res.writeHead(200, { Trailer: 'X-Echo' });
      for (const letter of `<${SECRET}>`) res.write(letter);
      res.addTrailers({ 'X-Echo': SECRET });
      res.end();
    };
    const stars = `<${'*'.repeat(SECRET.length)}>`;
    const zipped = await lab.ask('/r/model/gzip');
    expect(zipped.headers.has('content-encoding')).toBe(false);
    expect(await readUntil(zipped.socket, '0\r\n\r\n')).toContain(stars);
    const pieces = await lab.ask('/r/model/pieces');
    const text = (await readUntil(pieces.socket, '0\r\n\r\n')) ?? '';
    expect(text.replaceAll(/\r\n[0-9a-f]+\r\n|^[0-9a-f]+\r\n/g, '')).toContain(stars);
    expect(text).not.toContain(SECRET);
  });

  it('is refused where it is coded so that it cannot be searched', async () => {
    lab.answer = (_req, res) => {
      res.writeHead(200, { 'Content-Encoding': 'zstd' });
      res.end(SECRET);
    };
    const got = await lab.ask('/r/model/x');
    expect([got.status, got.headers.get('x-risoluto-egress')]).toEqual([502, 'route_answer']);
    expect(await got.body()).not.toContain(SECRET);
    expect(lab.decisions).toMatchObject([{ status: 502, reason: 'route_answer' }]);
  });

  it('is handed back where it is a redirect, which nobody follows', async () => {
    const places: Record<string, string> = {
      '/v1/away': `https://evil.test/?key=${SECRET}`,
      '/v1/here': `http://${UPSTREAM}/v1/there?x=1#y`,
      '/v1/root': '/v1/there',
      '/v1/outside': '/admin',
    };
    lab.answer = (req, res) => {
      res.writeHead(302, { Location: places[req.url ?? ''] ?? '' });
      res.end();
    };
    const locations: (string | undefined)[] = [];
    for (const name of ['away', 'here', 'root', 'outside']) {
      locations.push((await lab.ask(`/r/model/${name}`)).headers.get('location'));
    }
    expect(locations).toEqual([
      `https://evil.test/?key=${'*'.repeat(SECRET.length)}`,
      '/r/model/there?x=1#y',
      '/r/model/there',
      '/admin',
    ]);
    expect(lab.seen).toHaveLength(4);
    expect(lab.resolver.asked).not.toContain('evil.test');
  });

  it('streams as it comes, and its end upstream is told as what it is', async () => {
    let go: (() => void) | undefined;
    lab.answer = (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      res.write('data: one\n\n');
      go = () => res.destroy();
    };
    const got = await lab.ask('/r/model/x');
    expect(await readUntil(got.socket, '\n\n')).toContain('data: one');
    const broken = closing(got.socket);
    go?.();
    await broken;
    expect(got.socket.readableEnded).toBe(false);
  });

  it('is given up with the client, and what goes on is cut with the route or its secret', async () => {
    const closed: Promise<unknown>[] = [];
    lab.answer = (req, res) => {
      closed.push(closing(req.socket));
      res.writeHead(200);
      res.write('begin\n');
    };
    const gone = await lab.ask('/r/model/x');
    await readUntil(gone.socket, 'begin\n');
    gone.socket.destroy();
    await closed[0];

    const changes: (() => void)[] = [
      () => lab.setCredentials({ model: credential('sk-other-0123456789') }),
      () => lab.setCredentials({}),
      () => lab.setRoutes({ paths: ['/x'] }),
      () => lab.setRoutes(),
    ];
    for (const [index, change] of changes.entries()) {
      lab.setRoutes({});
      lab.setCredentials({ model: credential() });
      const cut = await lab.ask('/r/model/x');
      await readUntil(cut.socket, 'begin\n');
      const ended = closing(cut.socket);
      lab.setCredentials({ model: credential() });
      expect(cut.socket.closed).toBe(false);
      change();
      await Promise.all([ended, closed[index + 1]]);
      expect(lab.decisions.at(-1)).toMatchObject({ status: 200, reason: 'route_revoked' });
    }
  });

  it('is taken as fast as the client reads it', async () => {
    let written = 0;
    lab.answer = (_req, res) => {
      const piece = Buffer.alloc(64 * 1024, 'w');
      const write = (): void => {
        while (written < 256 * 1024 * 1024) {
          written += piece.length;
          if (!res.write(piece)) return void res.once('drain', write);
        }
        res.end();
      };
      write();
    };
    const got = await lab.ask('/r/model/x');
    got.socket.pause();
    await vi.waitFor(async () => {
      const before = written;
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(written).toBe(before);
    }, 10_000);
    expect(written).toBeLessThan(64 * 1024 * 1024);
    got.socket.destroy();
  });
});

describe('a WebSocket on a credential route', () => {
  beforeEach(() => {
    lab.upstream.on('upgrade', (req: IncomingMessage, socket: Socket) => {
      lab.seen.push(req);
      socket.on('error', () => undefined).on('end', () => socket.end());
      const echo = `X-Echo: ${req.headers.authorization}`;
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${echo}\r\n\r\n`,
      );
      socket.on('data', (bytes: Buffer) => {
        socket.write(bytes.equals(Buffer.from('key?')) ? `(${SECRET})` : bytes);
      });
    });
  });

  const lines = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: x',
    'Sec-WebSocket-Extensions: permessage-deflate',
  ];

  it('passes both ways with the secret added and never back, and is cut with the route', async () => {
    const got = await lab.ask('/r/model/live', { lines });
    expect(got.status).toBe(101);
    expect(got.headers.get('x-echo')).toBe(`Bearer ${'*'.repeat(SECRET.length)}`);
    expect(lab.seen[0]?.headers.authorization).toBe(`Bearer ${SECRET}`);
    expect(lab.seen[0]?.headers['sec-websocket-extensions']).toBeUndefined();
    got.socket.write('ping');
    expect((await readBytes(got.socket, 4)).toString()).toBe('ping');
    got.socket.write('key?');
    const stars = `(${'*'.repeat(SECRET.length)})`;
    expect((await readBytes(got.socket, stars.length)).toString()).toBe(stars);
    const ended = closing(got.socket);
    lab.setRoutes();
    await ended;
    expect(lab.decisions).toMatchObject([
      { status: 101, bytesUp: 8, bytesDown: 4 + stars.length, reason: 'route_revoked' },
    ]);
  });

  it('ends as its client ends it', async () => {
    const got = await lab.ask('/r/model/live', { lines });
    const [socket] = lab.sockets;
    const closed = closing(socket!);
    got.socket.end();
    await closed;
    await vi.waitFor(() => expect(lab.recorder.open).toEqual([]));
  });
});
