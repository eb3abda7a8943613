import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { builtFrom } from '../lib/build.mjs';
import { ROOT } from '../lib/paths.mjs';
import { startTime } from '../lib/process-identity.mjs';
import { say } from '../lib/progress.mjs';
import { SetupError } from '../lib/setup-error.mjs';
import { DATA_DIR, SERVICE_URL } from './settings.mjs';

const RECORD = join(DATA_DIR, 'quickstart.json');
export const LOG = join(DATA_DIR, 'service.log');
const START_MS = 60_000;
const STOP_MS = 30_000;

/** Ours to pass on: a change of any of them needs a new start. */
const VARIABLES = /^(RISOLUTO_|MASTER_KEY|DATA_DIR$|DOCKER_HOST$)/;

/**
 * The service, in the background, as this build and this environment say: the one of an earlier
 * quickstart where that is so, else a new one.
 *
 * @param {Record<string, string>} variables besides the environment
 * @returns {Promise<number>} its pid
 */
export async function ensureService(variables) {
  const env = { ...process.env, ...variables, DATA_DIR };
  const wanted = fingerprint(env);
  const known = readRecord();
  if (known && known.wanted === wanted && (await healthy())) {
    say(`the service runs already, as process ${known.pid}`);
    return known.pid;
  }
  if (known) await stop(known.pid);
  await refuseTakenPort();
  const log = openSync(LOG, 'a', 0o600);
  const child = spawn(process.execPath, ['dist/bin/service.js'], {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.on('error', () => {});
  child.unref();
  const pid = child.pid ?? 0;
  writeFileSync(
    RECORD,
    JSON.stringify({ pid, startedAt: startTime(pid), wanted, url: SERVICE_URL }),
    {
      mode: 0o600,
    },
  );
  await untilHealthy(pid);
  say(`the service runs in the background, as process ${pid}; its log: ${LOG}`);
  return pid;
}

/**
 * @returns {{pid: number, wanted: string} | null} null when none of an earlier quickstart lives
 */
function readRecord() {
  if (!existsSync(RECORD)) return null;
  const { pid, startedAt, wanted } = JSON.parse(readFileSync(RECORD, 'utf8'));
  return startedAt !== undefined && startTime(pid) === startedAt ? { pid, wanted } : null;
}

/**
 * Of what the service was built from and started with; a digest, since the environment holds secrets.
 * @param {NodeJS.ProcessEnv} env
 */
function fingerprint(env) {
  const names = Object.keys(env).filter((name) => VARIABLES.test(name));
  const values = names.sort().map((name) => [name, env[name]]);
  return createHash('sha256')
    .update(JSON.stringify([builtFrom(), values]))
    .digest('hex');
}

/** @param {number} pid */
async function stop(pid) {
  say('the running service is of another build or environment; stopping it');
  process.kill(pid, 'SIGTERM');
  const deadline = performance.now() + STOP_MS;
  while (startTime(pid) !== undefined) {
    if (performance.now() > deadline) {
      throw new SetupError(`the service (process ${pid}) does not stop`, [`kill -9 ${pid}`]);
    }
    await sleep(100);
  }
}

async function refuseTakenPort() {
  const { hostname, port } = new URL(SERVICE_URL);
  const taken = await new Promise((resolve) => {
    const socket = connect(Number(port), hostname.replace(/[[\]]/g, ''));
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('close', () => socket.destroy()).setTimeout(2000, () => resolve(false));
    socket.on('connect', () => socket.end());
  });
  if (!taken) return;
  throw new SetupError(`${SERVICE_URL} is taken by a program that quickstart did not start`, [
    'stop that program, or choose another port: RISOLUTO_PORT=4001 npm run quickstart',
  ]);
}

/** @param {number} pid */
async function untilHealthy(pid) {
  const deadline = performance.now() + START_MS;
  while (!(await healthy())) {
    if (startTime(pid) === undefined || performance.now() > deadline) {
      const end = readFileSync(LOG, 'utf8').trim().split('\n').slice(-15);
      throw new SetupError(`the service does not start; the end of ${LOG}:`, end);
    }
    await sleep(100);
  }
}

async function healthy() {
  try {
    const answer = await fetch(`${SERVICE_URL}/healthz`, { signal: AbortSignal.timeout(2000) });
    return answer.ok;
  } catch {
    return false;
  }
}
