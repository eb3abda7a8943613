// Starts the built service as an operator does, asks after its health, and stops it with SIGTERM.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ROOT } from '../lib/paths.mjs';

const START_MS = 60_000;
const STOP_MS = 20_000;

const directory = mkdtempSync(join(tmpdir(), 'risoluto-boot-'));
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const service = spawn('npm', ['start', '--silent'], {
  cwd: ROOT,
  env: {
    ...process.env,
    DATA_DIR: join(directory, 'data'),
    RISOLUTO_WORKSPACES_DIR: join(directory, 'workspaces'),
    RISOLUTO_PORT: String(port),
    MASTER_KEY: 'a key of this boot alone',
  },
  stdio: ['ignore', 'inherit', 'inherit'],
});
const exited = once(service, 'exit');

try {
  await until(async () => (await status('/healthz')) === 200, START_MS, 'healthz to answer 200');
  for (const path of ['/readyz', '/docs', '/api/v1/openapi.json', '/metrics']) {
    if ((await status(path)) !== 200) throw new Error(`GET ${path}: ${await status(path)}`);
  }
  service.kill('SIGTERM');
  const late = sleep(STOP_MS, ['did not end']);
  const [code] = await Promise.race([exited, late]);
  if (code !== 0) throw new Error(`after SIGTERM: ${code}`);
  if ((await status('/healthz')) !== null)
    throw new Error('the service still answers after its end');
  console.log(`started, answered and stopped cleanly at ${url}`);
  process.exit(0);
} catch (error) {
  console.error(error);
  service.kill('SIGKILL');
  process.exit(1);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/**
 * @param {string} path
 * @returns {Promise<number | null>} null where nothing answers
 */
async function status(path) {
  try {
    return (await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5000) })).status;
  } catch {
    return null;
  }
}

/**
 * @param {() => Promise<boolean>} condition
 * @param {number} timeoutMs
 * @param {string} what
 */
async function until(condition, timeoutMs, what) {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (service.exitCode !== null) throw new Error(`the service ended: ${service.exitCode}`);
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(100);
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
