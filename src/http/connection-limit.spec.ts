import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { limitConnections } from './connection-limit.js';

let server: Server;
const clients: Socket[] = [];
const answers: ServerResponse[] = [];

async function start(most: number): Promise<void> {
  server = createServer((_request, response) => void answers.push(response));
  limitConnections(server, most);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

async function join(first = ''): Promise<Socket> {
  const accepted = once(server, 'connection');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  clients.push(socket);
  await accepted;
  if (first !== '') socket.write(first);
  return socket;
}

async function closed(socket: Socket): Promise<void> {
  await expect.poll(() => socket.closed).toBe(true);
}

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  answers.splice(0);
  server.close();
});

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const HALF = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{';

describe('a full house', () => {
  it('lets a newcomer in for the oldest who only lies there', async () => {
    await start(3);
    const busy = await join(REQUEST);
    await expect.poll(() => answers.length).toBe(1);
    const idle = await join();
    await join();
    const newcomer = await join(REQUEST);
    await closed(idle);
    await expect.poll(() => answers.length).toBe(2);
    expect([busy.closed, newcomer.closed]).toEqual([false, false]);
  });

  it('counts a body that does not end as lying there', async () => {
    await start(1);
    const half = await join(HALF);
    await expect.poll(() => answers.length).toBe(1);
    const newcomer = await join(REQUEST);
    await closed(half);
    expect(newcomer.closed).toBe(false);
  });

  it('turns a newcomer away where all wait for us', async () => {
    await start(1);
    const busy = await join(REQUEST);
    await expect.poll(() => answers.length).toBe(1);
    const newcomer = await join();
    await closed(newcomer);
    expect(busy.closed).toBe(false);
  });
});
