import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CACHE } from '../lib/paths.mjs';

/** Short, because the engine's socket lies below it and a socket's path may have 107 bytes. */
export const WORLDS = '/run/risoluto-test';

/** Of the machine: read by the tests through `test/support/world.ts`. */
export const ADDRESSES = Object.freeze({
  host: '198.51.100.2',
  hostV6: '2001:db8:51::2',
  net: '198.51.100.1',
  netV6: '2001:db8:51::1',
  /** A resolver of the internet; like every address, it is the recorder. */
  resolver: '203.0.113.53',
  /** A resolver on the host's own loopback, as most desktops and servers have one. */
  loopbackResolver: '127.0.0.53',
});

/**
 * @typedef {object} World
 * @property {string} id
 * @property {string} directory
 * @property {string} dataRoot of the engine
 * @property {string} cgroupParent of its containers
 * @property {string} dockerHost
 * @property {string} pidFile of the engine
 * @property {string} engineLog
 * @property {string[]} engineCommand
 * @property {string} record NDJSON, one line an arrival that a recorder answered
 * @property {number} netPid of a process in the internet's network namespace
 * @property {typeof ADDRESSES} addresses
 */

/** @returns {World} */
export function newWorld() {
  const id = randomBytes(4).toString('hex');
  const directory = join(WORLDS, id);
  const dataRoot = join(CACHE, 'worlds', id);
  const cgroupParent = `/rslt-${id}`;
  const pidFile = join(directory, 'docker.pid');
  const dockerHost = `unix://${join(directory, 'docker.sock')}`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  mkdirSync(dataRoot, { recursive: true, mode: 0o700 });
  return {
    id,
    directory,
    dataRoot,
    cgroupParent,
    dockerHost,
    pidFile,
    engineLog: join(directory, 'dockerd.log'),
    engineCommand: [
      'dockerd',
      `--config-file=${join(directory, 'daemon.json')}`,
      `--data-root=${dataRoot}`,
      `--exec-root=${join(directory, 'exec')}`,
      `--pidfile=${pidFile}`,
      `--host=${dockerHost}`,
      `--cgroup-parent=${cgroupParent}`,
      // The systemd driver would talk about process ids that systemd cannot see.
      '--exec-opt=native.cgroupdriver=cgroupfs',
    ],
    record: join(directory, 'record.ndjson'),
    netPid: 0,
    addresses: ADDRESSES,
  };
}

/** @param {World} world */
export function saveWorld(world) {
  writeFileSync(join(world.directory, 'world.json'), JSON.stringify(world, null, 2));
}

/**
 * @param {string} directory
 * @returns {World}
 */
export function readWorld(directory) {
  return JSON.parse(readFileSync(join(directory, 'world.json'), 'utf8'));
}
