// Starts the built service as an operator does, uses it, and stops it with SIGTERM.
// Argument: a major version of Node to run it on; default: the one that runs this, by `npm start`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../lib/free-port.mjs';
import { ROOT } from '../lib/paths.mjs';
import { Progress } from '../lib/progress.mjs';
import { printFailure } from '../lib/setup-error.mjs';
import { nodeProgram } from './node-release.mjs';

const START_MS = 60_000;
const STOP_MS = 20_000;
const SECRET = 'value-of-this-boot';

const [major] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'risoluto-boot-'));

try {
  await boot(major === undefined ? null : await otherNode(major));
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** @param {string} version */
function otherNode(version) {
  return new Progress(1).stage(`Node ${version}`, (note) => nodeProgram(version, note));
}

/** @param {string | null} program null: the Node of `npm start` */
async function boot(program) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [command, ...args] = program
    ? [program, join(ROOT, 'dist/bin/service.js')]
    : ['npm', 'start', '--silent'];
  const service = spawn(command, args, {
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
    await untilHealthy(url, service);
    if (program) expectEqual('the program', readlinkSync(`/proc/${service.pid}/exe`), program);
    await use(url);
    service.kill('SIGTERM');
    const [code] = await Promise.race([exited, sleep(STOP_MS, ['did not end'], { ref: false })]);
    expectEqual('the exit code after SIGTERM', code, 0);
    expectEqual('GET /healthz after the end', await status(url, '/healthz'), null);
    console.log(`started, used and stopped cleanly at ${url}, on ${program ?? process.version}`);
  } finally {
    // `npm` hands this one on to the service, and dies of the other alone.
    service.kill('SIGTERM');
    await Promise.race([exited, sleep(STOP_MS, null, { ref: false })]);
    service.kill('SIGKILL');
  }
}

/** A write that is encrypted, committed and audited, and what reads it back. @param {string} url */
async function use(url) {
  const api = `${url}/api/v1`;
  for (const path of ['/readyz', '/docs', '/api/v1/openapi.json', '/metrics']) {
    expectEqual(`GET ${path}`, await status(url, path), 200);
  }
  const put = await fetch(`${api}/secrets/BOOT`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ value: SECRET }),
  });
  expectEqual('PUT of a secret', put.status, 204);
  const list = await (await fetch(`${api}/secrets`)).text();
  expectEqual('the list of secrets has it', list.includes('"BOOT"'), true);
  expectEqual('the list of secrets has its value', list.includes(SECRET), false);
  const verified = await (await fetch(`${api}/audit/verify`)).json();
  expectEqual('the audit chain holds', verified.ok && verified.checked > 0, true);
}

/**
 * @param {string} what
 * @param {unknown} found
 * @param {unknown} wanted
 */
function expectEqual(what, found, wanted) {
  if (found !== wanted) throw new Error(`${what}: ${String(found)} in place of ${String(wanted)}`);
}

/**
 * @param {string} url
 * @param {string} path
 * @returns {Promise<number | null>} null where nothing answers
 */
async function status(url, path) {
  try {
    return (await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5000) })).status;
  } catch {
    return null;
  }
}

/**
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} service
 */
async function untilHealthy(url, service) {
  const deadline = performance.now() + START_MS;
  while ((await status(url, '/healthz')) !== 200) {
    if (service.exitCode !== null) throw new Error(`the service ended: ${service.exitCode}`);
    if (performance.now() > deadline) throw new Error(`not healthy after ${START_MS} ms`);
    await sleep(100);
  }
}
