import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:net';

import { world } from '../world.js';
import { ModelProvider } from './model-provider.js';

/** Left to the tests by the world's internet. */
const PORT = 41_000;

/** Where the world's resolver finds it: every name that means nothing else is at this end. */
export const PROVIDER_URL = `http://models.wild.test:${String(PORT)}/v1`;

/**
 * A model provider at the internet's end of the test world. It runs in the test's own process; its
 * listening socket alone was made in the other network namespace, where it stays.
 */
export async function startWorldProvider(): Promise<ModelProvider> {
  const script =
    "const server = require('node:net').createServer();" +
    `server.listen(${String(PORT)}, () => process.send('server', server, () => process.exit()));`;
  const namespace = `--net=/proc/${String(world.state.netPid)}/ns/net`;
  const child = spawn('nsenter', [namespace, process.execPath, '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [, server] = (await once(child, 'message')) as [string, Server];
  return ModelProvider.start(server);
}
