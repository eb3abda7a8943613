import { request } from 'node:http';
import type { Readable } from 'node:stream';

import { EngineRefusal } from '../engine-refusal.js';
import { destinationOf } from './attach-input.js';
import type { EngineAddress } from './engine-address.js';

/** As long as any other call: an engine that is slow is not one that is away. */
const TIME_LIMIT_MS = 60_000;

/** Opens a container's standard output and error, multiplexed; what it prints waits to be read. */
export function attachOutput(address: EngineAddress, id: string): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const attach = request({
      ...destinationOf(address),
      method: 'POST',
      path: `/containers/${encodeURIComponent(id)}/attach?stream=1&stdout=1&stderr=1`,
      headers: { Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Length': '0' },
      agent: false,
      timeout: TIME_LIMIT_MS,
    });
    attach.on('upgrade', (_response, socket, head) => {
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    attach.on('response', (response) => {
      response.resume();
      reject(new EngineRefusal(response.statusCode ?? 0, 'the output could not be attached'));
    });
    attach.on('timeout', () => attach.destroy(new Error('attach timed out')));
    attach.on('error', reject);
    attach.end();
  });
}
