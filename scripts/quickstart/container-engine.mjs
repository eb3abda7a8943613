import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync } from 'node:fs';

import { run } from '../lib/command.mjs';
import { engineAnswers, engineClient, engineHost, engineSilence } from '../lib/engine.mjs';
import { hasProgram, hasSystemd, isDebianLike, isRoot } from '../lib/machine.mjs';
import { ensurePrograms } from '../lib/packages.mjs';
import { say } from '../lib/progress.mjs';
import { SetupError } from '../lib/setup-error.mjs';

const LOG = '/var/log/dockerd.log';
const START_MS = 60_000;

/**
 * An engine that answers: the one of `DOCKER_HOST` or the default socket, or else, on Debian or
 * Ubuntu as root, one that is installed and started here.
 *
 * @param {(line: string) => void} note
 * @returns {Promise<import('dockerode')>}
 */
export async function ensureEngine(note) {
  const docker = await engineClient();
  const silence = await engineSilence(docker);
  if (silence === null) {
    say(`an engine answers at ${engineHost()}`);
    return docker;
  }
  say(`no engine answers at ${engineHost()} (${silence})`);
  refuseWhatCannotBeMended();
  const installed = await ensurePrograms(['dockerd'], 'as the container engine', note);
  if (installed.length > 0) say(`installed ${installed.join(', ')}`);
  await ensureAppArmorParser(note);
  if (!(await engineAnswers(docker, installed.length > 0 ? 5000 : 0))) await start(note);
  if (!(await engineAnswers(docker, START_MS))) throw notStarted();
  say('started the engine');
  return docker;
}

function refuseWhatCannotBeMended() {
  if (process.env.DOCKER_HOST) {
    throw new SetupError(`DOCKER_HOST names an engine that does not answer: ${engineHost()}`, [
      'start that engine, or',
      'unset DOCKER_HOST   to use the default socket, where quickstart can install one',
    ]);
  }
  if (!isRoot()) {
    const [install, begin] = ['sudo apt-get install docker.io', 'sudo systemctl start docker'];
    throw new SetupError('no container engine answers, and only root can install or start one', [
      ...(hasProgram('dockerd') ? [begin] : isDebianLike() ? [install] : ['install Docker Engine']),
      'sudo usermod -aG docker "$USER"   and log in again, to use it without root',
      'npm run quickstart',
    ]);
  }
  if (!isDebianLike() && !hasProgram('dockerd')) {
    throw new SetupError('no container engine answers, and this is not Debian or Ubuntu', [
      'install and start Docker Engine 20.10 or later, then: npm run quickstart',
    ]);
  }
}

/** Where the kernel has AppArmor on, the engine loads a profile with a program of its own package. */
async function ensureAppArmorParser(note) {
  if (read('/sys/module/apparmor/parameters/enabled').trim() !== 'Y') return;
  await ensurePrograms(['apparmor_parser'], 'for the engine’s AppArmor profile', note);
}

/** @param {(line: string) => void} note */
async function start(note) {
  if (hasSystemd()) {
    await run('systemctl', ['enable', '--now', 'docker'], { onLine: note });
    return;
  }
  await mountControlGroups();
  const log = openSync(LOG, 'a');
  const child = spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log], cwd: '/' });
  await once(child, 'spawn');
  child.unref();
}

/** A machine without an init system of its own may not have done it. */
async function mountControlGroups() {
  if (/ cgroup2? /.test(read('/proc/mounts'))) return;
  mkdirSync('/sys/fs/cgroup', { recursive: true });
  await run('mount', ['-t', 'cgroup2', 'none', '/sys/fs/cgroup']);
}

function notStarted() {
  if (hasSystemd()) {
    return new SetupError('the engine does not start', ['journalctl -u docker   says why']);
  }
  return new SetupError(
    `the engine does not start; the end of ${LOG}:`,
    read(LOG).trim().split('\n').slice(-12),
  );
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
