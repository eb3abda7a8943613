import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';

import { beforeEach, describe, expect, it } from 'vitest';

import { world } from '../support/world.js';

const ANY = '93.184.216.34';

const curl = (...args: string[]) => world.onHost('curl', '-skm', '10', ...args);
const sentTo = (url: string) => ['--connect-to', `::${ANY}:`, url];

describe('the internet of the test world', () => {
  beforeEach(() => world.clear());

  it('has a TLS server for every name, and tells which names arrived', async () => {
    expect(await curl(...sentTo('https://one.test/headers'))).toContain('"one.test"');
    expect(await curl(...sentTo('https://two.test:8443/'))).toBe(`world ${ANY} 8443\n`);
    expect(world.handshakes()).toEqual([
      expect.objectContaining({ serverName: 'one.test', to: ANY, port: 443, alpn: 'h2' }),
      expect.objectContaining({ serverName: 'two.test', to: ANY, port: 8443 }),
    ]);
    expect(world.requests()).toMatchObject([
      { serverName: 'one.test', host: 'one.test', secure: true, path: '/headers', to: ANY },
      { serverName: 'two.test', host: 'two.test:8443', secure: true, path: '/', to: ANY },
    ]);
    await curl('-H', 'Host: other.test', ...sentTo('https://three.test/'));
    expect(world.requests().at(-1)).toMatchObject({ serverName: 'three.test', host: 'other.test' });
  });

  it('speaks HTTP/2 and HTTP/1.1 inside TLS, and answers plain text on 443 as before', async () => {
    const session = connectHttp2(`https://${ANY}`, { rejectUnauthorized: false });
    const request = session.request({ ':path': '/headers', ':authority': 'h2.test' });
    expect(JSON.parse(await text(request))).toMatchObject({ ':authority': 'h2.test' });
    session.close();
    await curl('--http1.1', ...sentTo('https://h1.test/'));
    expect(world.requests()).toMatchObject([
      { httpVersion: '2.0', host: 'h2.test' },
      { httpVersion: '1.1', host: 'h1.test' },
    ]);
    expect(await curl(`http://${ANY}:443/`)).toBe(`world ${ANY} 443\n`);
  });

  it.each(['http', 'https'])('streams, echoes, redirects and waits, over %s', async (scheme) => {
    const at = (path: string) => sentTo(`${scheme}://any.test${path}`);
    const size = ['-o', '/dev/null', '-w', '%{size_download}'];
    expect(await curl(...size, ...at('/bytes/10000000'))).toBe('10000000');
    expect(await curl(...size, '-T', '/etc/services', ...at('/echo'))).toBe(
      await world.onHost('sh', '-c', 'printf %s $(wc -c </etc/services)'),
    );
    const target = 'http://elsewhere.test/';
    const redirected = await curl('-w', '%{redirect_url}', ...at(`/redirect?to=${target}`));
    expect(redirected).toBe(target);
    const before = performance.now();
    expect(await curl(...at('/slow/300'))).toContain(`world ${ANY}`);
    expect(performance.now() - before).toBeGreaterThan(300);
    expect(await curl(...at('/trickle/3'))).toBe('world\n'.repeat(3));
  });

  it.each([80, 443])('echoes a WebSocket on port %i', async (port) => {
    const open = () =>
      port === 443
        ? connectTls({ host: ANY, port, servername: 'ws.test', rejectUnauthorized: false })
        : connect(port, ANY);
    const socket = open();
    socket.write(
      'GET /socket HTTP/1.1\r\nHost: ws.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    expect(String(await once(socket, 'data'))).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    // A masked frame of the text "hello", as in RFC 6455, section 5.7.
    socket.write(Buffer.from('818537fa213d7f9f4d5158', 'hex'));
    const [frame] = (await once(socket, 'data')) as [Buffer];
    expect(frame.toString('hex')).toBe('810548656c6c6f');
    socket.destroy();
  });

  it('echoes bytes on port 7', async () => {
    const socket = connect(7, ANY);
    socket.write('any bytes');
    expect(String(await once(socket, 'data'))).toBe('any bytes');
    socket.destroy();
  });
});
