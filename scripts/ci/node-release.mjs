import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../lib/command.mjs';
import { CACHE } from '../lib/paths.mjs';
import { SetupError } from '../lib/setup-error.mjs';

/**
 * Of each major version that is supported besides the one that runs this.
 * @type {Readonly<Record<string, string>>}
 */
const RELEASES = { 22: '22.23.3', 24: '24.21.0' };

/**
 * The program of another Node, from the package of it on npm; kept outside the repository.
 *
 * @param {string} major
 * @param {(line: string) => void} note
 * @returns {Promise<string>}
 */
export async function nodeProgram(major, note) {
  const version = RELEASES[major];
  if (version === undefined) throw new SetupError(`no release of Node ${major} is named here`);
  const name = `node-${process.platform}-${process.arch}`;
  const directory = join(CACHE, 'node', `${version}-${process.arch}`);
  const program = join(directory, 'node_modules', name, 'bin/node');
  if (!existsSync(program)) await fetchNode(`${name}@${version}`, directory, note);
  await answersVersion(program, version);
  return program;
}

/**
 * Made beside its place and moved there: what is there is whole.
 *
 * @param {string} specifier
 * @param {string} directory
 * @param {(line: string) => void} note
 */
async function fetchNode(specifier, directory, note) {
  const making = `${directory}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  writeFileSync(join(making, 'package.json'), '{"private":true}');
  const args = ['install', '--prefix', making, '--no-audit', '--no-fund', '--ignore-scripts'];
  try {
    await run('npm', [...args, specifier], { cwd: making, onLine: note });
    rmSync(directory, { recursive: true, force: true });
    renameSync(making, directory);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    throw new SetupError(`${specifier} cannot be had, so the service was not tried on it`, [
      `try by hand: npm ${args.slice(0, 1).join(' ')} ${specifier}`,
      ...String(error.message).split('\n').slice(-8),
    ]);
  }
}

/**
 * @param {string} program
 * @param {string} version
 */
async function answersVersion(program, version) {
  const answer = (await run(program, ['--version'])).trim();
  if (answer !== `v${version}`) throw new SetupError(`${program} says that it is ${answer}`);
}
