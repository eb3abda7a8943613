import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { findingsOf } from './batch-script.js';
import { REACH_PERL } from './reach-perl.js';
import { REACH_PYTHON } from './reach-python.js';
import { reachScript, readReach, type Reach } from './reach-script.js';

const run = promisify(execFile);
const heard: string[] = [];
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    heard.push(bytes.toString('latin1'));
    socket.write(`<${bytes.toString('latin1')}>`, 'latin1');
  });
});
const datagrams = createSocket('udp4', (bytes, { port, address }) =>
  datagrams.send(`got ${bytes.toString()}`, port, address),
);
let tries: Reach[];

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => datagrams.bind(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const host = '127.0.0.1';
  tries = [
    { name: 'open', protocol: 'tcp', host, port },
    { name: 'closed', protocol: 'tcp', host, port: 2 },
    { name: 'talk', protocol: 'tcp', host, port, say: ['a\0\xff', 'X: @AUTH@\r\n'] },
    { name: 'proxy', protocol: 'tcp', host: 'PROXY', port: 'PROXY', say: ['hello'] },
    { name: 'udp', protocol: 'udp', host, port: datagrams.address().port, say: ['ask'] },
    { name: 'udp-closed', protocol: 'udp', host, port: 2, say: ['ask'] },
    { name: 'nowhere', protocol: 'tcp', host: 'no address', port: 2 },
  ].map(({ host: at, ...rest }) => ({ ...rest, host: at.replace(' ', '-') })) as Reach[];
});
afterAll(() => {
  server.close();
  datagrams.close();
});

describe('reaching', () => {
  it.each([
    ['perl', 'perl'],
    ['python3', 'python3'],
  ])('is told the same by %s', async (_name, program) => {
    heard.length = 0;
    const { port } = server.address() as AddressInfo;
    const script = reachScript(tries).replace(
      /command -v (perl|python3)/g,
      (_match, name: string) => (name === program ? 'true' : 'false'),
    );
    const env = {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HTTP_PROXY: `http://us%20er:pa~ss@127.0.0.1:${port}`,
    };
    const { stdout } = await run('/bin/sh', ['-c', script], { env });
    const reached = readReach(findingsOf({ output: stdout, exitCode: 0 }));
    const auth = `Proxy-Authorization: Basic ${Buffer.from('us er:pa~ss').toString('base64')}`;
    expect(Object.fromEntries(reached)).toEqual({
      open: { outcome: 'open', answer: '' },
      closed: { outcome: 'refused', answer: '' },
      talk: { outcome: 'open', answer: `<a\0\xff><X: ${auth}\r\n>` },
      proxy: { outcome: 'open', answer: '<hello>' },
      udp: { outcome: 'open', answer: 'got ask' },
      'udp-closed': { outcome: 'refused', answer: '' },
      nowhere: { outcome: 'unreachable', answer: '' },
    });
    expect(heard).toHaveLength(3);
  });

  it('fits into the quotes of a shell', () => {
    for (const program of [REACH_PERL, REACH_PYTHON]) expect(program).not.toContain("'");
  });
});
