import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { engineHost } from '../lib/engine.mjs';
import { hasProgram, isRoot } from '../lib/machine.mjs';
import { say } from '../lib/progress.mjs';
import { completeRunscArguments, runscRuntime } from '../lib/runsc.mjs';
import { SetupError } from '../lib/setup-error.mjs';

const DEFAULT_CONFIG = '/etc/docker/daemon.json';
const RELOAD_MS = 10_000;

/**
 * Registers gVisor's runtime with the engine where it is installed, with the arguments that Risoluto
 * needs; everything else in the engine's configuration stays.
 *
 * @param {import('dockerode')} docker
 */
export async function registerRunsc(docker) {
  if (await isRegistered(docker)) return say('gVisor (runsc) is registered');
  if (!hasProgram('runsc')) return say('gVisor (runsc) is not installed; runc alone will be used');
  const daemon = isRoot() ? findDaemon() : null;
  if (daemon === null) return explain();
  mergeRuntime(daemon.configFile);
  process.kill(daemon.pid, 'SIGHUP');
  const deadline = performance.now() + RELOAD_MS;
  while (!(await isRegistered(docker))) {
    if (performance.now() > deadline) return explain();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  say(`registered gVisor (runsc) in ${daemon.configFile}`);
}

/** @param {import('dockerode')} docker */
async function isRegistered(docker) {
  const runsc = (await docker.info()).Runtimes?.runsc;
  const present = runsc?.runtimeArgs ?? [];
  return runsc !== undefined && completeRunscArguments(present).length === present.length;
}

/** @param {string} file */
function mergeRuntime(file) {
  const config = readConfig(file);
  const runtimes = config.runtimes ?? {};
  const { path, runtimeArgs } = { ...runscRuntime(), runtimeArgs: [], ...runtimes.runsc };
  const runsc = { ...runtimes.runsc, path, runtimeArgs: completeRunscArguments(runtimeArgs) };
  const text = `${JSON.stringify({ ...config, runtimes: { ...runtimes, runsc } }, null, 2)}\n`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** @param {string} file */
function readConfig(file) {
  if (!existsSync(file)) return {};
  const text = readFileSync(file, 'utf8');
  try {
    return text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw new SetupError(`${file} is not JSON, so gVisor cannot be registered in it`, [
      'mend it by hand',
    ]);
  }
}

/**
 * The process of the engine that is used, when it is on this machine.
 * @returns {{pid: number, configFile: string} | null}
 */
function findDaemon() {
  const host = engineHost();
  if (!host.startsWith('unix://')) return null;
  const daemons = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/comm`).trim() === 'dockerd')
    .map((name) => ({ pid: Number(name), argv: read(`/proc/${name}/cmdline`).split('\0') }));
  const isDefault = !process.env.DOCKER_HOST;
  const found = daemons.find(({ argv }) =>
    isDefault ? listensAtDefault(argv) : argv.some((argument) => argument.endsWith(host)),
  );
  if (!found) return null;
  return { pid: found.pid, configFile: configFileOf(found.argv) };
}

/** @param {string[]} argv */
function listensAtDefault(argv) {
  const hosts = argv.filter((argument) => /(unix|tcp|fd):\/\//.test(argument));
  return hosts.length === 0 || hosts.some((host) => /fd:\/\/|\/run\/docker\.sock$/.test(host));
}

/** @param {string[]} argv */
function configFileOf(argv) {
  const at = argv.findIndex((argument) => argument.startsWith('--config-file'));
  if (at < 0) return DEFAULT_CONFIG;
  return argv[at]?.split('=')[1] ?? argv[at + 1] ?? DEFAULT_CONFIG;
}

function explain() {
  say(
    'gVisor (runsc) is installed but not registered as Risoluto needs it. To use it, put this into',
  );
  say('the engine’s daemon.json and send the engine SIGHUP:');
  say(JSON.stringify({ runtimes: { runsc: runscRuntime() } }));
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
