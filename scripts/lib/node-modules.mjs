import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { run, succeeds } from './command.mjs';
import { ensurePrograms } from './packages.mjs';
import { ROOT } from './paths.mjs';
import { SetupError } from './setup-error.mjs';

/**
 * Installs the dependencies where they are missing or not those of package-lock.json. Uses nothing
 * but Node's own modules.
 *
 * @param {(line: string) => void} note
 * @returns {Promise<string>} what was done
 */
export async function ensureNodeModules(note) {
  if (lockIsInstalled() && (await sqliteLoads()))
    return 'dependencies are those of package-lock.json';
  refuseLink();
  await ensurePrograms(['g++', 'make', 'python3'], 'to compile the sqlite3 module', note);
  await run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--foreground-scripts'], {
    cwd: ROOT,
    env: { ...nodeHeaders(), CI: 'true' },
    onLine: note,
  });
  return 'dependencies installed';
}

/** `npm ci` empties the directory behind a link, which is somebody else's. */
function refuseLink() {
  const directory = join(ROOT, 'node_modules');
  if (!lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  throw new SetupError('node_modules is a link, and what it leads to is not of package-lock.json', [
    `rm ${directory}   and run this again, or install where the link leads`,
  ]);
}

function lockIsInstalled() {
  const installedFile = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = packagesOf(join(ROOT, 'package-lock.json'));
  const installed = packagesOf(installedFile);
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || (installed[path] ? installed[path].version === version : optional === true),
  );
}

/**
 * @param {string} file
 * @returns {Record<string, {version?: string, optional?: boolean}>}
 */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}

/** Not so after a change of Node's major version: the module is compiled for one. */
function sqliteLoads() {
  return succeeds(process.execPath, [
    '-e',
    `require(${JSON.stringify(join(ROOT, 'node_modules/sqlite3'))})`,
  ]);
}

/** Headers that lie beside this Node save node-gyp the download of the same. */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  if (process.env.npm_config_nodedir) return {};
  return existsSync(join(prefix, 'include/node/node_version.h'))
    ? { npm_config_nodedir: prefix }
    : {};
}
