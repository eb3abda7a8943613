import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { own, removeForsaken, removeWorld } from './remains.mjs';
import { newWorld, saveWorld } from './state.mjs';

const INSIDE = fileURLToPath(new URL('./inside.mjs', import.meta.url));
const NAMESPACES = ['--mount', '--pid', '--net', '--mount-proc', '--kill-child'];
/** Reaps what the engine and the tests leave to the first process. */
const REAPER = ['docker-init', '--', process.execPath];
const STOP_MS = 30_000;

/**
 * Makes a test world, runs a command in it and takes the world away again, whatever happens.
 *
 * The world is a mount, a process and two network namespaces. All of it hangs on its first process,
 * which dies with this one (also by `kill -9`), and with it every service, container and network.
 *
 * @param {string[]} command
 * @param {{archives: Record<string, string>, env?: NodeJS.ProcessEnv, signal?: AbortSignal}} options
 *   `archives`: tar file by the name of the recipe whose image the engine shall have; `signal` stops
 *   it early
 * @returns {Promise<number>} the command's exit code
 */
export async function runInWorld(command, { archives, env, signal }) {
  for (const id of removeForsaken()) console.log(`removed what the killed world ${id} left`);
  const world = newWorld();
  own(world.directory);
  saveWorld(world);
  try {
    const environment = { ...process.env, ...env, ...archiveEnv(archives) };
    return await supervise(world.directory, command, { env: environment, signal });
  } finally {
    removeWorld(world.id);
  }
}

/** @param {Record<string, string>} archives */
function archiveEnv(archives) {
  return { TEST_WORLD_ARCHIVES: JSON.stringify(archives) };
}

/**
 * @param {string} directory
 * @param {string[]} command
 * @param {{env: NodeJS.ProcessEnv, signal: AbortSignal | undefined}} options
 * @returns {Promise<number>}
 */
function supervise(directory, command, { env, signal }) {
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', ...NAMESPACES, ...REAPER, INSIDE, directory, ...command],
    { env, stdio: ['ignore', 'inherit', 'inherit', 'pipe'] },
  );
  const stop = () => {
    // The end of this pipe tells the world to stop: a signal to `unshare` would not reach it.
    child.stdio[3]?.destroy();
    setTimeout(() => child.kill('SIGKILL'), STOP_MS).unref();
  };
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const name of signals) process.on(name, stop);
  signal?.addEventListener('abort', stop, { once: true });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      for (const name of signals) process.off(name, stop);
      signal?.removeEventListener('abort', stop);
      resolve(code ?? 1);
    });
  });
}
