import { type RequestOptions, request } from 'node:http';
import type { Socket } from 'node:net';

import type { EngineInput } from '../container-engine.js';
import { EngineRefusal } from '../engine-refusal.js';
import type { EngineAddress } from './engine-address.js';

/** As long as any other call: an engine that is slow is not one that is away. */
const TIME_LIMIT_MS = 60_000;

/**
 * Opens a container's standard input. Not through dockerode: it sends its options as the body of
 * the very request that turns into the stream, where an engine may take them for input.
 */
export function attachInput(address: EngineAddress, id: string): Promise<EngineInput> {
  return new Promise((resolve, reject) => {
    const attach = request({
      ...destinationOf(address),
      method: 'POST',
      path: `/containers/${encodeURIComponent(id)}/attach?stream=1&stdin=1`,
      headers: { Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Length': '0' },
      agent: false,
      timeout: TIME_LIMIT_MS,
    });
    attach.on('upgrade', (_response, socket) => resolve(inputOf(socket)));
    attach.on('response', (response) => {
      response.resume();
      reject(new EngineRefusal(response.statusCode ?? 0, 'the input could not be attached'));
    });
    attach.on('timeout', () => attach.destroy(new Error('attach timed out')));
    attach.on('error', reject);
    attach.end();
  });
}

export function destinationOf(address: EngineAddress): RequestOptions {
  return address.kind === 'unix'
    ? { socketPath: address.socketPath, host: 'localhost' }
    : { host: address.host, port: address.port };
}

function inputOf(socket: Socket): EngineInput {
  socket.setTimeout(0);
  // The engine ends the connection when the container ends; only `finish` reports a failure.
  let failure: Error | null = null;
  socket.on('error', (error) => (failure = error));
  socket.resume();
  return {
    get open() {
      return failure === null && socket.writable && !socket.readableEnded;
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    finish: (bytes) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        socket.once('error', reject);
        socket.end(bytes, () => resolve());
      }),
    close: () => socket.destroy(),
  };
}
