// A step of `npm run build`: starts what was built once, so that V8's code of it can be kept.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { freePort } from '../lib/free-port.mjs';
import { ROOT } from '../lib/paths.mjs';

const WARM = fileURLToPath(new URL('./warm.mjs', import.meta.url));
const START_MS = 120_000;

const directory = mkdtempSync(join(tmpdir(), 'risoluto-build-'));
const port = await freePort();
try {
  await warmService();
  // Beside the service that is down now, so that they open its data directory themselves.
  for (const args of [['secrets', 'list'], ['audit', 'verify'], ['help']]) {
    await ended(warm('risoluto', args));
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function warmService() {
  const service = warm('service', []);
  const deadline = Date.now() + START_MS;
  while (service.exitCode === null && Date.now() < deadline && !(await answers())) {
    await sleep(50);
  }
  service.kill('SIGTERM');
  await ended(service);
}

/**
 * @param {string} program
 * @param {string[]} args
 */
function warm(program, args) {
  return spawn(process.execPath, [WARM, join(ROOT, 'dist/bin/parts', `${program}.cjs`), ...args], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Nothing of whoever builds: neither settings nor an engine, nor a service that runs there.
    env: {
      RISOLUTO_PORT: String(port),
      PATH: process.env.PATH,
      HOME: directory,
      DATA_DIR: join(directory, 'data'),
      RISOLUTO_WORKSPACES_DIR: join(directory, 'workspaces'),
      RISOLUTO_CONFIG: '/dev/null',
      RISOLUTO_LOG_LEVEL: 'error',
      MASTER_KEY: 'of nothing but this directory',
      DOCKER_HOST: `unix://${join(directory, 'no-engine.sock')}`,
    },
  });
}

/** @param {import('node:child_process').ChildProcess} child */
async function ended(child) {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (/** @type {string} */ text) => (said += text));
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  if (child.exitCode === 0) return;
  throw new Error(
    `${child.spawnargs.join(' ')} ended with ${child.exitCode ?? child.signalCode}: ${said}`,
  );
}

async function answers() {
  const origin = `http://127.0.0.1:${port}`;
  const answer = await fetch(`${origin}/healthz`).catch(() => null);
  if (answer?.status !== 200) return false;
  const put = {
    method: 'PUT',
    body: '{"value":"x"}',
    headers: { 'content-type': 'application/json' },
  };
  await fetch(`${origin}/api/v1/secrets/WARM`, put);
  await fetch(`${origin}/api/v1/audit`);
  return true;
}
