// The first program of a test world: makes its networks, starts its engine, runs one command.
// Arguments: the world's directory, then the command. Standard stream 3 ends when it shall stop.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

import { run } from '../lib/command.mjs';
import { engineAnswers, engineClient } from '../lib/engine.mjs';
import { printFailure, SetupError } from '../lib/setup-error.mjs';
import { importArchive } from '../image/ensure.mjs';
import { FENCE, SANDBOX } from '../image/recipe.mjs';
import { runscRuntime } from '../lib/runsc.mjs';
import { buildNetworks } from './networks.mjs';
import { readWorld, saveWorld } from './state.mjs';

const ENGINE_START_MS = 60_000;

const [directory = '', ...command] = process.argv.slice(2);
const world = readWorld(directory);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping.abort());
new Socket({ fd: 3 }).on('close', () => stopping.abort()).resume();

try {
  process.exitCode = await live();
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
// Its recorders and its engine still run: they end with this namespace's first process.
process.exit();

async function live() {
  await hideTheMachine();
  await buildNetworks(world, directory);
  saveWorld(world);
  await startEngine();
  await loadImages();
  return perform();
}

/** The machine's own resolvers and its own containerd are not part of the world. */
async function hideTheMachine() {
  const resolvers = join(directory, 'resolv.conf');
  const { loopbackResolver, resolver } = world.addresses;
  writeFileSync(resolvers, `nameserver ${loopbackResolver}\nnameserver ${resolver}\n`);
  await run('mount', ['--bind', resolvers, '/etc/resolv.conf']);
  await run('mkdir', ['-p', '/run/containerd']);
  await run('mount', ['-t', 'tmpfs', 'tmpfs', '/run/containerd']);
}

async function startEngine() {
  process.env.DOCKER_HOST = world.dockerHost;
  writeFileSync(
    join(directory, 'daemon.json'),
    JSON.stringify({ runtimes: { runsc: runscRuntime() } }),
  );
  await run('sh', [
    '-c',
    `exec setsid "$@" >>"${world.engineLog}" 2>&1 &`,
    'sh',
    ...world.engineCommand,
  ]);
  if (await engineAnswers(await engineClient(), ENGINE_START_MS)) return;
  const log = await run('tail', ['-n', '20', world.engineLog]);
  throw new SetupError('the test world’s engine does not start', log.split('\n'));
}

async function loadImages() {
  const docker = await engineClient();
  const archives = JSON.parse(process.env.TEST_WORLD_ARCHIVES ?? '{}');
  for (const recipe of [SANDBOX, FENCE]) {
    if (archives[recipe.name]) await importArchive(docker, recipe, archives[recipe.name]);
  }
}

/** @returns {Promise<number>} */
function perform() {
  const child = spawn(command[0] ?? 'true', command.slice(1), {
    env: { ...process.env, TEST_WORLD: directory },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const stop = () => child.kill('SIGTERM');
  if (stopping.signal.aborted) stop();
  stopping.signal.addEventListener('abort', stop);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(stopping.signal.aborted ? 130 : (code ?? 1)));
  });
}
