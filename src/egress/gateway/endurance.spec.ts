import { createHash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { GatewayLab } from '../../../test/support/gateway/gateway-lab.js';
import { readBytes } from '../../../test/support/gateway/read-answer.js';
import { Web } from '../../../test/support/gateway/web.js';
import { sized } from '../../../test/support/long-form.js';
import type { GatewayTimings } from './gateway-options.js';
import type { GatewaySession } from './gateway-session.js';

const MiB = 1024 * 1024;
const PORT = 8080;

let lab: GatewayLab;
let session: GatewaySession;
let servers: Server[];
let upstream: Socket[];

beforeEach(() => startLab());

async function startLab(timings: Partial<GatewayTimings> = {}): Promise<void> {
  lab = await new GatewayLab({ httpPort: PORT, timings }).start();
  servers = [];
  upstream = [];
  lab.resolver.names.set('a.test', [lab.host(20)]);
  session = lab.admit();
}

afterEach(async () => {
  await lab.gateway.close();
  for (const socket of upstream) socket.destroy();
  for (const server of servers) server.close();
});

async function serve(port: number, use: (socket: Socket) => void): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    upstream.push(socket.on('error', () => undefined));
    use(socket);
  }).listen(port, lab.host(20));
  await once(server, 'listening');
  servers.push(server);
}

/** So many bytes in chunks of 64 KiB, as fast as they are taken. */
function stream(bytes: number): Readable {
  const chunk = Buffer.alloc(64 * 1024, 7);
  let left = bytes;
  return new Readable({
    read() {
      const part = chunk.subarray(0, Math.min(left, chunk.length));
      left -= part.length;
      this.push(part.length > 0 ? part : null);
    },
  });
}

/** So many bytes, no chunk like the one before, of any length. */
function noise(bytes: number): Readable {
  const block = randomBytes(MiB);
  let left = bytes;
  return new Readable({
    read() {
      const from = randomInt(0, MiB / 2);
      const part = block.subarray(from, from + Math.min(left, randomInt(1, 100_000)));
      left -= part.length;
      this.push(part.length > 0 ? part : null);
    },
  });
}

/** Counts to the end, and holds nothing. */
function countBytes(socket: Socket): Promise<number> {
  let count = 0;
  socket.on('data', (bytes: Buffer) => (count += bytes.length));
  return new Promise((resolve) => socket.once('end', () => resolve(count)));
}

/** However it comes about. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.resume().once('close', () => resolve()));
}

/** Waits until a count stays the same for a while. */
async function stalled(count: () => number): Promise<void> {
  for (let before = -1; before !== count();) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** The most that the process held beyond what it held at first, in MiB. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  await work();
  clearInterval(timer);
  return (most - before) / MiB;
}

describe('a tunnel', () => {
  it('is cut when nothing moves, and sooner when one side has ended', async () => {
    await lab.gateway.close();
    await startLab({ idleMs: 1500, halfOpenMs: 300, lookMs: 50 });
    await serve(9000, (socket) => socket.resume());
    const quiet = await lab.connect(session, 'a.test:9000');
    const half = await lab.connect(session, 'a.test:9000');
    const busy = await lab.connect(session, 'a.test:9000');
    const beat = setInterval(() => busy.socket.write('x'), 20);
    half.socket.end();
    const began = performance.now();
    await closing(half.socket);
    const halfMs = performance.now() - began;
    await closing(quiet.socket);
    const quietMs = performance.now() - began;
    clearInterval(beat);
    expect(halfMs).toBeGreaterThan(200);
    expect(quietMs - halfMs).toBeGreaterThan(600);
    expect(busy.socket.destroyed).toBe(false);
    await expect.poll(() => lab.recorder.open.length).toBeLessThanOrEqual(1);
    busy.socket.destroy();
  });

  it('that is half open lives as long as bytes move', async () => {
    await lab.gateway.close();
    await startLab({ halfOpenMs: 300, lookMs: 50 });
    await serve(9000, (socket) => {
      const drip = setInterval(() => socket.write('x'), 20);
      setTimeout(() => {
        clearInterval(drip);
        socket.end();
      }, 800);
    });
    const { socket } = await lab.connect(session, 'a.test:9000');
    socket.end();
    expect(await countBytes(socket)).toBeGreaterThan(10);
    expect(lab.recorder.allowances[0]?.end?.reason).toBeUndefined();
  });

  it.each([
    ['client', 'upstream'],
    ['upstream', 'client'],
  ])('whose %s breaks off is broken off at the %s', async (first) => {
    await serve(9000, (socket) => socket.write('x'));
    const { socket } = await lab.connect(session, 'a.test:9000');
    await readBytes(socket, 1);
    const [one, other] = first === 'client' ? [socket, upstream[0]!] : [upstream[0]!, socket];
    const closed = closing(other);
    one.resetAndDestroy();
    await closed;
    await expect.poll(() => lab.recorder.open).toEqual([]);
  });

  it.each(['down', 'up'])(
    'holds no more than its buffers of what nobody reads, %s',
    async (way) => {
      let moved = 0;
      const pour = (socket: Socket): void => {
        const source = stream(sized(256, 1024) * MiB);
        source.on('data', (bytes: Buffer) => (moved += bytes.length));
        source.pipe(socket);
      };
      await serve(9000, (socket) => {
        if (way === 'down') pour(socket);
        else socket.pause();
      });
      const growth = await growthDuring(async () => {
        const { socket } = await lab.connect(session, 'a.test:9000');
        if (way === 'up') pour(socket);
        await expect.poll(() => moved).toBeGreaterThan(MiB);
        await stalled(() => moved);
        expect(moved).toBeLessThan(64 * MiB);
        socket.destroy();
      });
      expect(growth).toBeLessThan(96);
    },
  );
});

describe('large and many', () => {
  it('streams pass both ways, and memory does not grow with them', async () => {
    const bytes = sized(256, 2048) * MiB;
    await serve(9000, (socket) => stream(bytes).pipe(socket));
    await serve(9001, (socket) => {
      void countBytes(socket).then((count) => socket.end(String(count)));
    });
    const growth = await growthDuring(async () => {
      const down = await lab.connect(session, 'a.test:9000');
      expect(await countBytes(down.socket)).toBe(bytes);
      const up = await lab.connect(session, 'a.test:9001');
      stream(bytes).pipe(up.socket);
      expect((await readBytes(up.socket, 100)).toString()).toBe(String(bytes));
    });
    expect(growth).toBeLessThan(128);
    await expect
      .poll(() => lab.recorder.allowances.map(({ end }) => end))
      .toEqual([
        { bytesUp: 0, bytesDown: bytes },
        { bytesUp: bytes, bytesDown: String(bytes).length },
      ]);
  });

  it('streams arrive as they were sent, however they are read', async () => {
    const bytes = sized(48, 512) * MiB;
    const sent = createHash('sha256');
    const got = createHash('sha256');
    await serve(9000, (socket) => {
      const source = noise(bytes);
      source.on('data', (part: Buffer) => sent.update(part));
      source.pipe(socket);
    });
    const { socket } = await lab.connect(session, 'a.test:9000');
    let count = 0;
    socket.on('data', (part: Buffer) => {
      got.update(part);
      count += part.length;
      if (count % 7 !== 0) return;
      // Until no buffer on the way has room.
      socket.pause();
      setTimeout(() => socket.resume(), 30);
    });
    await once(socket, 'end');
    expect(count).toBe(bytes);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
  });

  it('answers of plain HTTP are streamed, and a client that leaves stops them', async () => {
    const bytes = sized(128, 1024) * MiB;
    let sent = 0;
    const web = await new Web((_req, res) => {
      const source = stream(bytes);
      source.on('data', (part: Buffer) => (sent += part.length));
      res.once('close', () => source.destroy());
      source.pipe(res);
    }).listen(PORT, lab.host(20));
    const growth = await growthDuring(async () => {
      const whole = await lab.request(session, 'http://a.test:8080/', {
        lines: ['Connection: close'],
      });
      expect(await countBytes(whole.socket)).toBeGreaterThan(bytes);
    });
    expect(growth).toBeLessThan(128);
    sent = 0;
    const left = await lab.request(session, 'http://a.test:8080/');
    left.socket.destroy();
    await expect.poll(() => lab.recorder.open).toEqual([]);
    expect(sent).toBeLessThan(bytes);
    web.close();
  });

  it('answers of plain HTTP are held no more than the buffers when nobody reads them', async () => {
    let sent = 0;
    const web = await new Web((_req, res) => {
      const source = stream(sized(256, 1024) * MiB);
      source.on('data', (part: Buffer) => (sent += part.length));
      res.once('close', () => source.destroy());
      source.pipe(res);
    }).listen(PORT, lab.host(20));
    const { socket } = await lab.request(session, 'http://a.test:8080/');
    await stalled(() => sent);
    expect(sent).toBeLessThan(64 * MiB);
    socket.destroy();
    web.close();
  });

  it('a thousand tunnels are served at once', async () => {
    await serve(9000, (socket) => socket.pipe(socket));
    const COUNT = 1000;
    const tunnels = await Promise.all(
      Array.from({ length: COUNT }, () => lab.connect(session, 'a.test:9000')),
    );
    expect(lab.gateway.summary().connections).toBe(COUNT);
    const echoes = tunnels.map(async ({ status, socket }, at) => {
      expect(status).toBe(200);
      socket.write(`number ${at}.`);
      expect((await readBytes(socket, `number ${at}.`.length)).toString()).toBe(`number ${at}.`);
    });
    await Promise.all(echoes);
    for (const { socket } of tunnels) socket.destroy();
    await expect.poll(() => lab.gateway.summary().connections).toBe(0);
    await expect.poll(() => lab.recorder.open).toEqual([]);
    expect(lab.recorder.allowances).toHaveLength(COUNT);
  });

  it('HTTP/2 passes through a tunnel', async () => {
    const server = createHttp2Server((req, res) => res.end(`h2 ${req.url}`));
    server.listen(9000, lab.host(20));
    await once(server, 'listening');
    const { socket } = await lab.connect(session, 'a.test:9000');
    const client = connectHttp2('http://a.test:9000', { createConnection: () => socket });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const request = client.request({ ':path': `/${at}` });
        return (await request.toArray()).join('');
      }),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, (_, at) => `h2 /${at}`));
    client.destroy();
    server.close();
  });
});
