import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { GatewayLab } from '../../../test/support/gateway/gateway-lab.js';
import {
  ENCRYPTED_CLIENT_HELLO,
  extension,
  helloBody,
  inRecords,
  serverName,
} from '../../../test/support/gateway/hello-bytes.js';
import { readBytes } from '../../../test/support/gateway/read-answer.js';
import { TLS_SERVER, tlsOver } from '../../../test/support/gateway/tls-by-key.js';

let lab: GatewayLab;
let servers: Server[];
/** What came in at the internet, by port. */
let arrived: string[];

beforeEach(async () => {
  lab = await new GatewayLab({ timings: { helloMs: 300, lookMs: 50 } }).start();
  servers = [];
  arrived = [];
  lab.resolver.names.set('a.test', [lab.host(20)]);
  await serve(9000, (socket) => socket.pipe(socket));
  await serve(8443, (socket) => socket.pipe(socket));
  const tls = createTlsServer(TLS_SERVER, (socket) => socket.pipe(socket)).listen(
    8883,
    lab.host(20),
  );
  await once(tls, 'listening');
  servers.push(tls);
});

afterEach(async () => {
  await lab.gateway.close();
  for (const server of servers) server.close();
});

async function serve(
  port: number,
  use: (socket: Socket) => void,
  host = lab.host(20),
): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    note(port, socket);
    use(socket);
  }).listen(port, host);
  await once(server, 'listening');
  servers.push(server);
}

function note(port: number, socket: Socket): void {
  socket.on('data', (bytes: Buffer) => arrived.push(`${port}: ${bytes.toString('latin1')}`));
}

describe('CONNECT to a listed host', () => {
  it('makes a tunnel both ways, and is written down with its bytes', async () => {
    lab.change({ allowlist: ['a.test:9000'] });
    const { status, socket } = await lab.connect(lab.admit(), 'A.test.:9000');
    expect(status).toBe(200);
    socket.write('hello');
    expect((await readBytes(socket, 5)).toString()).toBe('hello');
    socket.end();
    await once(socket, 'close');
    const [allowed] = lab.recorder.allowances;
    expect(allowed?.decision).toMatchObject({
      ...{ runId: 'run-10', turn: 1, host: 'a.test', port: 9000 },
      ...{ allowed: true, rule: 'a.test:9000', reason: null },
    });
    await expect.poll(() => allowed?.end).toEqual({ bytesUp: 5, bytesDown: 5 });
    expect(lab.recorder.denials).toEqual([]);
  });

  it('takes what comes before its answer', async () => {
    const session = lab.admit();
    const head = `CONNECT a.test:9000 HTTP/1.1\r\nProxy-Authorization: ${lab.authorization(session)}\r\n\r\n`;
    const { status, socket } = await lab.send(session, `${head}early`);
    expect(status).toBe(200);
    expect((await readBytes(socket, 5)).toString()).toBe('early');
    socket.destroy();
  });

  it('carries what the server says first', async () => {
    await serve(9001, (socket) => socket.write('220 welcome\r\n'));
    const { socket } = await lab.connect(lab.admit(), 'a.test:9001');
    expect((await readBytes(socket, 13)).toString()).toBe('220 welcome\r\n');
    expect(lab.recorder.allowances).toHaveLength(1);
    socket.destroy();
  });

  it('passes on that one side has ended, and lets the other go on', async () => {
    await serve(9002, (socket) => socket.on('end', () => socket.end('the rest')));
    const { socket } = await lab.connect(lab.admit(), 'a.test:9002');
    socket.end('all');
    expect((await readBytes(socket, 100)).toString()).toBe('the rest');
    await expect.poll(() => lab.recorder.allowances[0]?.end).toEqual({ bytesUp: 3, bytesDown: 8 });
  });

  it('tries the addresses of a name in turn', async () => {
    lab.resolver.names.set('two.test', [lab.host(66), lab.host(20)]);
    const { status, socket } = await lab.connect(lab.admit(), 'two.test:9000');
    expect(status).toBe(200);
    socket.destroy();
  });
});

describe('CONNECT that is refused', () => {
  it('says which list and what would allow it, and nothing is resolved or dialled', async () => {
    lab.change({ allowlist: ['a.test:9000', '*.b.test'] });
    const session = lab.admit();
    const answer = await lab.connect(session, 'evil.test:443');
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-risoluto-egress')).toBe('not_listed');
    expect(await answer.body()).toBe(
      'risoluto: evil.test:443 is not on the egress allowlist. To allow it, the operator adds "evil.test" to codex.sandbox.egressAllowlist.\n',
    );
    const port = await lab.connect(session, 'a.test:22');
    expect(await port.body()).toBe(
      'risoluto: a.test is on the egress allowlist, but not with port 22. To allow it, the operator adds "a.test:22" to codex.sandbox.egressAllowlist.\n',
    );
    expect(lab.resolver.asked).toEqual([]);
    expect(lab.recorder.denials).toMatchObject([
      { host: 'evil.test', port: 443, allowed: false, rule: null, reason: 'not_listed' },
      { host: 'a.test', port: 22, reason: 'port_not_listed' },
    ]);
    expect(lab.recorder.allowances).toEqual([]);
  });

  it('is refused by the list of the request as well', async () => {
    lab.change({ allowlist: ['a.test:9000', 'b.test'] });
    const session = lab.admit(10, { requested: [] });
    const answer = await lab.connect(session, 'a.test:9000');
    expect([answer.status, await answer.body()]).toEqual([
      403,
      'risoluto: a.test:9000 is not on the egress allowlist of this run. To allow it, the run is started with "a.test:9000" in the egressAllowlist of its policy.\n',
    ]);
  });

  it.each([
    '203.0.113.7:443',
    '0xcb007107:443',
    '3405803783:443',
    '0313.0.0161.7:443',
    '[2001:db8::7]:443',
    '[::ffff:169.254.169.254]:443',
    '169.254.169.254:80',
    '2852039166:80',
  ])('for the literal address %s', async (authority) => {
    lab.change({ allowlist: ['a.test', '*.a.test'] });
    const { status, headers } = await lab.connect(lab.admit(), authority);
    expect([status, headers.get('x-risoluto-egress')]).toEqual([403, 'literal_address']);
  });

  it.each([
    ['a.test', ['10.0.0.1']],
    ['a.test', ['169.254.169.254']],
    ['a.test', ['127.0.0.1']],
    ['a.test', ['fd00:ec2::254']],
    ['a.test', ['::ffff:203.0.113.7']],
    ['one of two', ['203.0.113.7', '192.168.1.1']],
  ])('where a listed name has a blocked address: %s %j', async (_what, addresses) => {
    lab.change({ allowlist: ['rebound.test'] });
    lab.resolver.names.set('rebound.test', addresses);
    const answer = await lab.connect(lab.admit(), 'rebound.test:443');
    expect([answer.status, answer.headers.get('x-risoluto-egress')]).toEqual([
      403,
      'blocked_address',
    ]);
    expect(await answer.body()).not.toMatch(/\d+\.\d+\.\d+\.\d+/);
    expect(lab.recorder.reasons).toEqual(['blocked_address']);
  });

  it('for a listed literal that is blocked', async () => {
    lab.change({ allowlist: ['169.254.169.254', '[::1]'] });
    const session = lab.admit();
    expect((await lab.connect(session, '169.254.169.254:80')).status).toBe(403);
    expect((await lab.connect(session, '[::1]:80')).status).toBe(403);
    expect(lab.recorder.reasons).toEqual(['blocked_address', 'blocked_address']);
  });

  it('where the name changes between two questions, dials what it checked', async () => {
    let turn = 0;
    lab.resolver.names.set('rebinding.test', () => {
      turn += 1;
      return Promise.resolve([turn === 1 ? lab.host(20) : '169.254.169.254']);
    });
    const session = lab.admit();
    const first = await lab.connect(session, 'rebinding.test:9000');
    const second = await lab.connect(session, 'rebinding.test:9000');
    expect([first.status, second.status, turn]).toEqual([200, 403, 2]);
    first.socket.destroy();
  });

  it('where the name does not resolve, or nobody listens', async () => {
    const session = lab.admit();
    lab.resolver.names.set('broken.test', () => Promise.reject(new Error('SERVFAIL')));
    expect((await lab.connect(session, 'nowhere.test:443')).status).toBe(502);
    expect((await lab.connect(session, 'broken.test:443')).status).toBe(502);
    expect((await lab.connect(session, 'a.test:9999')).status).toBe(502);
    expect(lab.recorder.reasons).toEqual(['unresolved', 'unresolved', 'unreachable']);
  });

  it.each([
    'a.test',
    'a.test:',
    'a.test:0',
    'a.test:99999',
    'a.test:443:443',
    'user@a.test:443',
    'a.test%00.evil.test:443',
    '::1:443',
    'a..test:443',
    'http://a.test:443/',
    '/',
    '*',
  ])('for %j, which is no authority', async (authority) => {
    const { status } = await lab.connect(lab.admit(), authority);
    expect(status).toBe(400);
    expect(lab.recorder.denials).toHaveLength(1);
    expect(lab.recorder.denials[0]?.host).toMatch(/^[\x21-\x7e]*$/);
  });

  it('is answered only when the denial is durable', async () => {
    lab.change({ allowlist: ['a.test'] });
    let durable!: () => void;
    lab.recorder.durable = new Promise((resolve) => {
      durable = resolve;
    });
    let answered = false;
    const ask = async (): Promise<void> => {
      await lab.connect(lab.admit(), 'evil.test:443');
      answered = true;
    };
    const answer = ask();
    await expect.poll(() => lab.recorder.denials).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answered).toBe(false);
    durable();
    await answer;
  });
});

describe('a CONNECT to a port of TLS', () => {
  const hello = (...extensions: Buffer[]): Buffer => inRecords(helloBody(extensions));

  it('lets a client through that names the host, and both speak', async () => {
    const { socket } = await lab.connect(lab.admit(), 'a.test:8883');
    const tls = await tlsOver(socket, { servername: 'A.TEST' });
    tls.write('hello');
    expect(String((await once(tls, 'data'))[0])).toBe('hello');
    tls.destroy();
    expect(lab.recorder.allowances).toHaveLength(1);
  });

  it('lets a hello through that comes byte by byte, and none of it before the last', async () => {
    const { socket } = await lab.connect(lab.admit(), 'a.test:8443');
    const bytes = hello(serverName('a.test'));
    for (const byte of bytes.subarray(0, -1)) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(arrived).toEqual([]);
    socket.write(bytes.subarray(-1));
    await expect.poll(() => arrived.join('')).toBe(`8443: ${bytes.toString('latin1')}`);
    socket.destroy();
  });

  it.each([
    ['another name', [serverName('b.test')], 'server_name_mismatch', 112],
    ['a name below', [serverName('x.a.test')], 'server_name_mismatch', 112],
    ['no name', [], 'server_name_missing', 112],
    [
      'ECH',
      [serverName('a.test'), extension(ENCRYPTED_CLIENT_HELLO, Buffer.alloc(9))],
      'encrypted_hello',
      40,
    ],
    ['two names', [serverName('a.test', 'b.test')], 'not_tls', 40],
  ])('refuses a hello with %s by an alert', async (_what, extensions, reason, alert) => {
    const { socket } = await lab.connect(lab.admit(), 'a.test:8443');
    socket.write(hello(...extensions));
    expect([...(await readBytes(socket, 100))]).toEqual([21, 3, 1, 0, 2, 2, alert]);
    expect(lab.recorder.denials).toMatchObject([{ host: 'a.test', port: 8443, reason }]);
    expect(lab.recorder.allowances).toEqual([]);
    expect(arrived).toEqual([]);
  });

  it('refuses what is no TLS, and who says nothing', async () => {
    const session = lab.admit();
    const plain = await lab.connect(session, 'a.test:8443');
    plain.socket.write('GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n');
    expect(await readBytes(plain.socket, 100)).toHaveLength(7);
    const silent = await lab.connect(session, 'a.test:8443');
    expect(await readBytes(silent.socket, 100)).toHaveLength(7);
    expect(lab.recorder.reasons).toEqual(['not_tls', 'not_tls']);
    expect(arrived).toEqual([]);
  });

  it('writes a connection down that was closed before it said anything', async () => {
    const { socket } = await lab.connect(lab.admit(), 'a.test:8443');
    socket.end();
    await once(socket, 'close');
    await expect.poll(() => lab.recorder.allowances[0]?.end).toEqual({ bytesUp: 0, bytesDown: 0 });
    expect(lab.recorder.denials).toEqual([]);
  });

  it('wants no name, or its own, for an address', async () => {
    const session = lab.admit();
    const address = lab.host(20);
    const HELLO = 22;
    const ALERT = 21;
    for (const [extensions, first] of [
      [[], HELLO],
      [[serverName(address)], HELLO],
      [[serverName('evil.test')], ALERT],
    ] as const) {
      const { socket } = await lab.connect(session, `${address}:8443`);
      socket.write(hello(...extensions));
      expect([...(await readBytes(socket, 1))]).toEqual([first]);
      socket.destroy();
    }
    expect(lab.recorder.allowances).toHaveLength(2);
    expect(lab.recorder.reasons).toEqual(['server_name_mismatch']);
  });

  it('holds on other ports too, for what begins as TLS', async () => {
    const session = lab.admit();
    const other = await lab.connect(session, 'a.test:9000');
    other.socket.write(hello(serverName('b.test')));
    expect([...(await readBytes(other.socket, 100))]).toEqual([21, 3, 1, 0, 2, 2, 112]);
    const half = await lab.connect(session, 'a.test:9000');
    half.socket.write(Buffer.from([22]));
    expect(await readBytes(half.socket, 100)).toHaveLength(7);
    const right = await lab.connect(session, 'a.test:9000');
    right.socket.write(hello(serverName('a.test')));
    expect((await readBytes(right.socket, 5))[0]).toBe(22);
    right.socket.destroy();
    expect(lab.recorder.reasons).toEqual(['server_name_mismatch', 'not_tls']);
  });
});

describe('while the mode is observe', () => {
  it('lets through what no list has, and says so', async () => {
    lab.change({ allowlist: ['b.test'], mode: 'observe' });
    const { status, socket } = await lab.connect(lab.admit(), 'a.test:9000');
    expect(status).toBe(200);
    socket.write('x');
    await readBytes(socket, 1);
    expect(lab.recorder.allowances[0]?.decision).toMatchObject({ rule: null, reason: 'observed' });
    socket.destroy();
  });

  it('lets any hello through, or none, and says so', async () => {
    lab.change({ allowlist: ['a.test:8443'], mode: 'observe' });
    const session = lab.admit();
    for (const bytes of [
      inRecords(helloBody([serverName('b.test')])),
      Buffer.from('no TLS'),
      null,
    ]) {
      const { socket } = await lab.connect(session, 'a.test:8443');
      if (bytes) socket.write(bytes);
      const before = lab.recorder.allowances.length;
      await expect.poll(() => lab.recorder.allowances.length).toBe(before + 1);
      socket.destroy();
    }
    expect(lab.recorder.allowances.map(({ decision }) => decision.reason)).toEqual([
      'observed',
      'observed',
      'observed',
    ]);
    expect(lab.recorder.denials).toEqual([]);
  });

  it('refuses blocked addresses all the same', async () => {
    lab.change({ mode: 'observe' });
    lab.resolver.names.set('inside.test', ['10.0.0.1']);
    const session = lab.admit();
    expect((await lab.connect(session, 'inside.test:443')).status).toBe(403);
    expect((await lab.connect(session, '169.254.169.254:80')).status).toBe(403);
  });
});
