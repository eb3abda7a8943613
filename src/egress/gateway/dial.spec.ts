import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { deafPort } from '../../../test/support/gateway/deaf-address.js';
import { ClientPresence } from './client-presence.js';
import { dial, DialTimeout } from './dial.js';

const network = `127.${randomInt(1, 255)}.${randomInt(0, 255)}`;
const [DEAF, REFUSING, SERVING] = [`${network}.1`, `${network}.2`, `${network}.3`];

let server: Server;
let port: number;
let close: () => void;
let accepted: number;

beforeEach(async () => {
  ({ port, close } = await deafPort(DEAF));
  accepted = 0;
  server = createServer((socket) => {
    accepted += 1;
    socket.on('error', () => undefined);
  }).listen(port, SERVING);
  await once(server, 'listening');
});

afterEach(() => {
  close();
  server.close();
});

const to = (addresses: string[], timeoutMs = 5000, presence = new ClientPresence()) =>
  dial(addresses, { port, timeoutMs, presence, highWaterMark: 64 * 1024 });

describe('a connection to one of several addresses', () => {
  it('is made to the next at once where one refuses', async () => {
    const began = performance.now();
    const socket = await to([REFUSING, SERVING]);
    expect(socket.remoteAddress).toBe(SERVING);
    expect(performance.now() - began).toBeLessThan(240);
    expect([socket.readableHighWaterMark, socket.writableHighWaterMark]).toEqual([65_536, 65_536]);
    socket.destroy();
  });

  it('is made to the next after a quarter of a second where one says nothing', async () => {
    const began = performance.now();
    const socket = await to([DEAF, SERVING]);
    expect(socket.remoteAddress).toBe(SERVING);
    expect(performance.now() - began).toBeGreaterThan(200);
    socket.destroy();
  });

  it('is made to the first that answers, and to no other', async () => {
    const socket = await to([SERVING, REFUSING, DEAF]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([socket.remoteAddress, accepted, socket.destroyed]).toEqual([SERVING, 1, false]);
    socket.destroy();
  });

  it('fails as the last does, or when time is up', async () => {
    await expect(to([REFUSING])).rejects.toThrow('ECONNREFUSED');
    await expect(to([DEAF, REFUSING], 500)).rejects.toThrow(DialTimeout);
    await expect(to([DEAF], 100)).rejects.toThrow(DialTimeout);
  });

  it('is given up when it is no longer wanted', async () => {
    const presence = new ClientPresence();
    const dialling = to([DEAF, DEAF], 5000, presence);
    setTimeout(() => presence.end(), 50);
    await expect(dialling).rejects.toThrow('given up');
    await expect(to([SERVING], 5000, presence)).rejects.toThrow('given up');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(accepted).toBe(0);
  });
});
