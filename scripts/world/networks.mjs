import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../lib/command.mjs';
import { ROOT } from '../lib/paths.mjs';
import { makeCertificate } from './certificate.mjs';

const RECORDER = join(ROOT, 'test/world/recorder.mjs');
const RULES = join(ROOT, 'test/world/arrivals.nft');

/**
 * Two network namespaces: this one is the host's, the other the whole internet, which answers for
 * every address. Nothing leads out of them, so nothing that is sent can leave this machine.
 *
 * @param {import('./state.mjs').World} world
 * @param {string} directory
 */
export async function buildNetworks(world, directory) {
  writeFileSync(world.record, '');
  await makeCertificate(directory);
  world.netPid = await startRecorder(world, directory, 'internet', ['--certificates', directory]);
  const inNet = (...args) => run('nsenter', [`--net=/proc/${world.netPid}/ns/net`, ...args]);
  const { host, hostV6, net, netV6, loopbackResolver } = world.addresses;

  await run('ip', [
    'link',
    'add',
    'uplink',
    'type',
    'veth',
    'peer',
    'name',
    'world',
    'netns',
    String(world.netPid),
  ]);
  await inNet('ip', 'link', 'set', 'lo', 'up');
  await inNet('ip', 'address', 'add', `${net}/24`, 'dev', 'world');
  await inNet('ip', '-6', 'address', 'add', `${netV6}/64`, 'dev', 'world', 'nodad');
  await inNet('ip', 'link', 'set', 'world', 'up');
  await inNet('ip', 'route', 'add', 'local', 'default', 'dev', 'lo');
  // Not in the local table: there it would swallow this namespace's own answers.
  await inNet('ip', '-6', 'route', 'add', 'local', '::/0', 'dev', 'lo', 'table', 'main');
  await inNet('nft', '-f', RULES);

  await run('ip', ['link', 'set', 'lo', 'up']);
  await run('ip', ['address', 'add', `${host}/24`, 'dev', 'uplink']);
  await run('ip', ['-6', 'address', 'add', `${hostV6}/64`, 'dev', 'uplink', 'nodad']);
  await run('ip', ['link', 'set', 'uplink', 'up']);
  await run('ip', ['route', 'add', 'default', 'via', net]);
  await run('ip', ['-6', 'route', 'add', 'default', 'via', netV6]);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
  await startRecorder(world, directory, 'loopback', ['--address', loopbackResolver]);
}

/**
 * @param {import('./state.mjs').World} world
 * @param {string} directory
 * @param {'internet' | 'loopback'} role the internet's recorder gets a network namespace of its own
 * @param {string[]} options its own
 * @returns {Promise<number>} its pid
 */
async function startRecorder(world, directory, role, options) {
  const log = openSync(join(directory, `recorder-${role}.log`), 'a');
  const node = [process.execPath, RECORDER, world.record, role, ...options];
  const [command = '', ...args] = role === 'internet' ? ['unshare', '--net', ...node] : node;
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', log] });
  const [greeting] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (String(greeting).trim() !== 'listening')
    throw new Error(`the ${role} recorder did not start`);
  child.stdout.resume();
  child.unref();
  return child.pid ?? 0;
}
