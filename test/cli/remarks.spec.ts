import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CliProcess } from './risoluto.js';

const SLOW_MS = 3500;
const REPORT = {
  items: [],
  status: 'pass',
  checkedAt: '2026-11-26T12:00:00.000Z',
  nextCursor: null,
};

let server: Server;
let args: string[];
beforeAll(async () => {
  server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    setTimeout(() => response.end(JSON.stringify(REPORT)), SLOW_MS);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  args = ['doctor', '--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
});
afterAll(() => server.close());

describe('a command that takes long', () => {
  it('tells a person what it is busy with, and a script nothing', async () => {
    const [person, script] = await Promise.all([
      new CliProcess(args, { terminal: true }).ended(),
      new CliProcess(args).ended(),
    ]);
    expect(person.stdout.toString()).toContain('risoluto: checking');
    expect([person.code, script.code, script.stderr.toString()]).toEqual([0, 0, '']);
  });
});
