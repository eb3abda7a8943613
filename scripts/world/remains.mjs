import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { CACHE } from '../lib/paths.mjs';
import { startTime } from '../lib/process-identity.mjs';
import { WORLDS } from './state.mjs';

const CGROUPS = '/sys/fs/cgroup';
/** For this long a directory without an owner is taken for one whose owner has yet to sign it. */
const BEING_MADE_MS = 60_000;

/**
 * A world's processes, mounts and networks end with its first process. What stays are directories
 * and empty control groups, removed here.
 *
 * @param {string} id
 */
export function removeWorld(id) {
  removeCgroups(`rslt-${id}`);
  rmSync(join(CACHE, 'worlds', id), { recursive: true, force: true, maxRetries: 5 });
  rmSync(join(WORLDS, id), { recursive: true, force: true, maxRetries: 5 });
}

/**
 * Removes the worlds whose owner was killed before it could.
 * @returns {string[]} their ids
 */
export function removeForsaken() {
  if (!existsSync(WORLDS)) return [];
  const forsaken = readdirSync(WORLDS).filter((id) => !ownerLives(join(WORLDS, id)));
  forsaken.forEach(removeWorld);
  return forsaken;
}

/** @param {string} directory */
export function own(directory) {
  writeFileSync(join(directory, 'owner'), `${process.pid} ${startTime(process.pid)}`);
}

/** @param {string} directory */
function ownerLives(directory) {
  const file = join(directory, 'owner');
  if (!existsSync(file)) return Date.now() - madeAt(directory) < BEING_MADE_MS;
  const [pid, startedAt] = readFileSync(file, 'utf8').split(' ');
  return startTime(Number(pid)) === startedAt;
}

/** @param {string} directory */
function madeAt(directory) {
  return statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
}

/** @param {string} name */
function removeCgroups(name) {
  for (const hierarchy of ['', ...listDirectories(CGROUPS)])
    removeTree(join(CGROUPS, hierarchy, name));
}

/**
 * A control group goes with `rmdir` once it has no process; its files are the kernel's.
 * @param {string} path
 */
function removeTree(path) {
  if (!existsSync(path)) return;
  for (const child of listDirectories(path)) removeTree(join(path, child));
  try {
    rmdirSync(path);
  } catch (error) {
    console.error(`warning: ${path} stays: ${error.message}`);
  }
}

/** @param {string} path */
function listDirectories(path) {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}
