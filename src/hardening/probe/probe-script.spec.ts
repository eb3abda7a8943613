import { execFile } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { probeCommand, readProbe } from './probe-script.js';

it('tells what answers from what does not, by a real shell', async () => {
  const server = createServer((socket) => socket.end());
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
  const targets = [
    { name: 'a listener', address: '127.0.0.1', port },
    { name: 'a closed port', address: '127.0.0.1', port: 2 },
  ];
  const [command = '', ...argv] = probeCommand(targets);
  const { stdout } = await promisify(execFile)(command, argv);
  server.close();
  const report = readProbe(stdout, targets);
  expect(report.attempts.map(({ outcome }) => outcome)).toEqual(['open', 'refused']);
  expect(report).toMatchObject({ tool: 'bash', loopbackRefused: true });
  expect(report.ids).toMatch(/^\d+( \d+)+$/);
  expect(report.status).toHaveProperty('CapEff');
});

it('takes a target that nobody told of as unreachable, and no tool for none', () => {
  const target = { name: 'x', address: '192.0.2.1', port: 80 };
  expect(readProbe('', [target])).toEqual({
    status: {},
    ids: '',
    rootWritten: false,
    tool: 'none',
    loopbackRefused: false,
    attempts: [{ ...target, outcome: 'unreachable' }],
  });
});
