import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { deafPort } from '../../../test/support/gateway/deaf-address.js';
import { GatewayLab } from '../../../test/support/gateway/gateway-lab.js';
import {
  readAnswer,
  readBytes,
  type HeadAndSocket,
} from '../../../test/support/gateway/read-answer.js';

let lab: GatewayLab;
let echo: Server;

beforeEach(async () => {
  lab = await new GatewayLab({ timings: { headMs: 300, lookMs: 50 } }).start();
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  echo.listen(9000, lab.host(20));
  await once(echo, 'listening');
  lab.resolver.names.set('a.test', [lab.host(20)]);
});

afterEach(async () => {
  await lab.gateway.close();
  echo.close();
});

const CONNECT = 'CONNECT a.test:9000 HTTP/1.1\r\nHost: a.test:9000\r\n';

function withCredentials(authorization: string): string {
  return `${CONNECT}Proxy-Authorization: ${authorization}\r\n\r\n`;
}

/** Nothing but the end of the connection. */
async function expectClosed(answer: Promise<HeadAndSocket>): Promise<void> {
  expect((await answer).status).toBe(0);
}

describe('the gateway', () => {
  it('answers nobody at an address that was not admitted', async () => {
    const session = lab.admit(10);
    await expectClosed(
      lab.send({ ...session, address: lab.host(11) }, withCredentials(lab.authorization(session))),
    );
    expect(lab.recorder.denials).toEqual([]);
    expect(lab.gateway.summary()).toEqual({ sessions: 1, connections: 0 });
  });

  it('asks for credentials, and writes wrong ones down', async () => {
    const session = lab.admit(10);
    const asked = await lab.send(session, `${CONNECT}\r\n`);
    expect([asked.status, asked.headers.get('proxy-authenticate')]).toEqual([
      407,
      'Basic realm="risoluto"',
    ]);
    expect(lab.recorder.denials).toEqual([]);
    for (const wrong of ['Basic cnVuLTEwOng=', 'Basic', 'Basic !', 'Bearer x', '']) {
      const { status } = await lab.send(session, withCredentials(wrong));
      expect([wrong, status]).toEqual([wrong, 407]);
    }
    expect(new Set(lab.recorder.reasons)).toEqual(new Set(['credentials']));
    expect(lab.recorder.denials[0]).toMatchObject({ runId: 'run-10', host: 'a.test', port: 9000 });
  });

  it('takes no credentials of another run, of another turn, or at another address', async () => {
    const mine = lab.admit(10);
    const other = lab.admit(11);
    const stolen = lab.authorization(other);
    expect((await lab.send(mine, withCredentials(stolen))).status).toBe(407);
    const earlier = lab.authorization({ ...mine, turn: 0 });
    expect((await lab.send(mine, withCredentials(earlier))).status).toBe(407);
    const right = await lab.send(mine, withCredentials(lab.authorization(mine)));
    expect(right.status).toBe(200);
    right.socket.destroy();
    expect(lab.recorder.denials).toMatchObject([
      { runId: 'run-10', reason: 'credentials' },
      { runId: 'run-10', reason: 'credentials' },
    ]);
  });

  it('takes them in any writing of the header', async () => {
    const session = lab.admit(10);
    const encoded = lab.authorization(session).slice('Basic '.length);
    const { status, socket } = await lab.send(session, withCredentials(`bAsIc   ${encoded}`));
    expect(status).toBe(200);
    socket.destroy();
  });

  it('gives a run the same credentials after a restart, with the same key', () => {
    const key = Buffer.alloc(32, 1);
    const [one, two] = [new GatewayLab({ key }), new GatewayLab({ key })];
    const three = new GatewayLab({ key: Buffer.alloc(32, 2) });
    const of = (some: GatewayLab, turn: number) =>
      some.gateway.credentialsFor('run', turn).password;
    expect(of(one, 1)).toBe(of(two, 1));
    expect(of(one, 1)).not.toBe(of(one, 2));
    expect(of(one, 1)).not.toBe(of(three, 1));
    expect(of(one, 1)).toMatch(/^[\w-]{43}$/);
  });

  it('listens on one address alone, on the next port that is free, and once', async () => {
    const taken = createServer().listen(0, lab.host(30));
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const at = await lab.gateway.listen({ address: lab.host(30), preferredPort: port });
    expect(at.port).toBeGreaterThan(port);
    expect(await lab.gateway.listen({ address: lab.host(30), preferredPort: 1 })).toEqual(at);
    expect(lab.gateway.listening).toEqual([lab.at, at]);
    await expect(
      lab.gateway.listen({ address: '203.0.113.1', preferredPort: port }),
    ).rejects.toThrow('EADDRNOTAVAIL');
    expect(lab.gateway.listening).toHaveLength(2);
    taken.close();
  });

  it('refuses everything once it is closed', async () => {
    const session = lab.admit(10);
    const { socket } = await lab.connect(session, 'a.test:9000');
    await lab.gateway.close();
    expect(await readBytes(socket, 1)).toHaveLength(0);
    await expectClosed(lab.connect(session, 'a.test:9000'));
    expect(lab.gateway.listening).toEqual([]);
  });
});

describe('a session that is dismissed', () => {
  it('is cut off at once, and its decisions are settled', async () => {
    const session = lab.admit(10);
    const { socket } = await lab.connect(session, 'a.test:9000');
    socket.write('x');
    await readBytes(socket, 1);
    await lab.gateway.dismiss(session.address);
    expect(lab.recorder.settledRuns).toEqual(['run-10']);
    expect(lab.recorder.allowances.map(({ end }) => end)).toEqual([{ bytesUp: 1, bytesDown: 1 }]);
    expect(await readBytes(socket, 1)).toHaveLength(0);
    await expectClosed(lab.connect(session, 'a.test:9000'));
    expect(lab.gateway.summary()).toEqual({ sessions: 0, connections: 0 });
  });

  it('is cut off while a name is resolved or an address dialled', async () => {
    const session = lab.admit(10);
    let answer!: (addresses: readonly string[]) => void;
    lab.resolver.names.set('slow.test', () => new Promise((resolve) => (answer = resolve)));
    const asking = lab.connect(session, 'slow.test:9000');
    await expect.poll(() => lab.resolver.asked).toEqual(['slow.test']);
    await lab.gateway.dismiss(session.address);
    answer([lab.host(20)]);
    await expectClosed(asking);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lab.recorder.allowances).toEqual([]);
  });

  it('leaves nothing to the next at its address', async () => {
    const first = lab.admit(10);
    const { socket } = await lab.connect(first, 'a.test:9000');
    const second = lab.admit(10, { runId: 'run-2' });
    expect(await readBytes(socket, 1)).toHaveLength(0);
    expect((await lab.send(second, withCredentials(lab.authorization(first)))).status).toBe(407);
    const next = await lab.connect(second, 'a.test:9000');
    expect(next.status).toBe(200);
    next.socket.destroy();
  });
});

describe('rules that change', () => {
  it('cut what may no longer be, within a second, and leave the rest', async () => {
    lab.resolver.names.set('b.test', [lab.host(20)]);
    lab.change({ allowlist: ['a.test:9000', 'b.test:9000'] });
    const session = lab.admit(10);
    const a = await lab.connect(session, 'a.test:9000');
    const b = await lab.connect(session, 'b.test:9000');
    for (const { socket } of [a, b]) {
      socket.write('x');
      await readBytes(socket, 1);
    }
    const began = performance.now();
    lab.change({ allowlist: ['b.test:9000'] });
    expect(await readBytes(a.socket, 1)).toHaveLength(0);
    expect(performance.now() - began).toBeLessThan(1000);
    expect(lab.recorder.allowances.map(({ end }) => end)).toEqual([
      { bytesUp: 1, bytesDown: 1, reason: 'no_longer_listed' },
      null,
    ]);
    b.socket.write('y');
    expect((await readBytes(b.socket, 1)).toString()).toBe('y');
    b.socket.destroy();
    lab.change({ allowlist: ['a.test:9000', 'b.test:9000'] });
    expect((await lab.connect(session, 'a.test:9000')).status).toBe(200);
  });

  it('hold for what is being resolved when they change', async () => {
    lab.change({ allowlist: ['slow.test:9000'] });
    let answer!: (addresses: readonly string[]) => void;
    lab.resolver.names.set('slow.test', () => new Promise((resolve) => (answer = resolve)));
    const asking = lab.connect(lab.admit(10), 'slow.test:9000');
    await expect.poll(() => lab.resolver.asked).toEqual(['slow.test']);
    lab.change({ allowlist: ['other.test'] });
    answer([lab.host(20)]);
    expect((await asking).status).toBe(403);
    expect(lab.recorder.reasons).toEqual(['not_listed']);
  });

  it('hold for what is being dialled when they change', async () => {
    const deaf = await deafPort(lab.host(66));
    const server = createServer().listen(deaf.port, lab.host(20));
    await once(server, 'listening');
    lab.resolver.names.set('two.test', [lab.host(66), lab.host(20)]);
    lab.change({ allowlist: [`two.test:${deaf.port}`] });
    const asking = lab.connect(lab.admit(10), `two.test:${deaf.port}`);
    await expect.poll(() => lab.resolver.asked).toEqual(['two.test']);
    await new Promise((resolve) => setTimeout(resolve, 20));
    lab.change({ allowlist: ['other.test'] });
    expect((await asking).status).toBe(403);
    expect(lab.recorder.allowances).toEqual([]);
    deaf.close();
    server.close();
  });

  it('cut what broke the rule of server names when it is enforced again', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    server.listen(8443, lab.host(20));
    await once(server, 'listening');
    lab.change({ allowlist: ['a.test:8443'], mode: 'observe' });
    const { socket } = await lab.connect(lab.admit(10), 'a.test:8443');
    socket.write('no TLS');
    expect((await readBytes(socket, 6)).toString()).toBe('no TLS');
    lab.change({ mode: 'enforce' });
    expect(await readBytes(socket, 1)).toHaveLength(0);
    server.close();
  });

  it('cut what was only observed when they are enforced again', async () => {
    lab.change({ allowlist: ['b.test'], mode: 'observe' });
    const { socket } = await lab.connect(lab.admit(10), 'a.test:9000');
    socket.write('x');
    await readBytes(socket, 1);
    lab.change({ mode: 'enforce' });
    expect(await readBytes(socket, 1)).toHaveLength(0);
  });

  it('are about addresses too', async () => {
    let blocked = false;
    const strict = await new GatewayLab({
      addressFilter: { blocked: () => (blocked ? 'private' : null) },
    }).start();
    strict.resolver.names.set('a.test', [lab.host(20)]);
    const { socket } = await strict.connect(strict.admit(10), 'a.test:9000');
    blocked = true;
    strict.change({});
    expect(await readBytes(socket, 1)).toHaveLength(0);
    await strict.gateway.close();
  });
});

describe('a limit', () => {
  it('of connections refuses the next, and says so', async () => {
    lab.change({ limits: { connections: 2 } });
    const session = lab.admit(10);
    const open = [
      await lab.connect(session, 'a.test:9000'),
      await lab.connect(session, 'a.test:9000'),
    ];
    const refused = await lab.connect(session, 'a.test:9000');
    expect([refused.status, refused.headers.get('x-risoluto-egress')]).toEqual([
      429,
      'connection_limit',
    ]);
    expect(await refused.body()).toContain('codex.sandbox.egressLimits.connections');
    expect(lab.recorder.denials).toMatchObject([
      { host: 'a.test', port: 9000, reason: 'connection_limit' },
    ]);
    const other = await lab.connect(lab.admit(11), 'a.test:9000');
    expect(other.status).toBe(200);
    for (const { socket } of [...open, other]) socket.destroy();
    await expect.poll(() => lab.gateway.summary().connections).toBe(0);
    expect((await lab.connect(session, 'a.test:9000')).status).toBe(200);
  });

  it('of connections closes a flood without a word, and writes down that there was one', async () => {
    lab.change({ limits: { connections: 1 } });
    const session = lab.admit(10);
    const sockets = Array.from({ length: 300 }, () => lab.dial(session));
    await expect
      .poll(() => sockets.filter((socket) => socket.destroyed).length)
      .toBeGreaterThan(200);
    expect(lab.gateway.summary().connections).toBeLessThanOrEqual(65);
    expect(lab.recorder.reasons).toEqual(['connection_limit']);
    for (const socket of sockets) socket.destroy();
  });

  it('of new connections refuses what comes too fast, also on one connection', async () => {
    lab.change({ limits: { newConnectionsPerSecond: 2 } });
    const session = lab.admit(10);
    const statuses: number[] = [];
    for (let count = 0; count < 6; count += 1) {
      const { status, socket } = await lab.connect(session, 'a.test:9000');
      statuses.push(status);
      socket.destroy();
    }
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
    expect(lab.recorder.reasons).toEqual(['rate_limit', 'rate_limit']);
  });

  it('of bytes cuts what is open, and refuses what is new', async () => {
    lab.change({ limits: { bytes: 1000 } });
    const session = lab.admit(10);
    const { socket } = await lab.connect(session, 'a.test:9000');
    const idle = await lab.connect(session, 'a.test:9000');
    socket.write(Buffer.alloc(400));
    expect(await readBytes(socket, 400)).toHaveLength(400);
    socket.write(Buffer.alloc(400));
    expect((await readBytes(socket, 400)).length).toBeLessThan(400);
    expect(await readBytes(idle.socket, 1)).toHaveLength(0);
    const [first] = lab.recorder.allowances;
    expect(first?.end?.reason).toBe('byte_limit');
    const next = await lab.connect(session, 'a.test:9000');
    expect([next.status, next.headers.get('x-risoluto-egress')]).toEqual([429, 'byte_limit']);
  });

  it('of all clients together closes what is beyond it', async () => {
    const small = await new GatewayLab({ mostConnections: 2 }).start();
    small.resolver.names.set('a.test', [lab.host(20)]);
    const [one, two] = [small.admit(10), small.admit(11)];
    const sockets = [
      await small.connect(one, 'a.test:9000'),
      await small.connect(two, 'a.test:9000'),
    ];
    await expectClosed(small.connect(one, 'a.test:9000'));
    for (const { socket } of sockets) socket.destroy();
    await small.gateway.close();
  });

  it('of time ends a head that does not come, and nobody else notices', async () => {
    const slow = lab.admit(10);
    const dripping = Array.from({ length: 50 }, () => lab.dial(slow));
    for (const socket of dripping) socket.write('CONNECT a.te');
    const drip = setInterval(() => {
      for (const socket of dripping) if (!socket.destroyed) socket.write('s');
    }, 50);
    const { status, socket } = await lab.connect(lab.admit(11), 'a.test:9000');
    expect(status).toBe(200);
    const answers = await Promise.all(dripping.map((one) => readAnswer(one)));
    clearInterval(drip);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([408]));
    socket.destroy();
  });
});
