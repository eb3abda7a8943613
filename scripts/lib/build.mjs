import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from './command.mjs';
import { ROOT } from './paths.mjs';

const MARK = join(ROOT, 'dist/.source-hash');
const FILES = [
  'package.json',
  'package-lock.json',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/bundle/bundle.mjs',
  'scripts/bundle/keep-code.mjs',
  'scripts/bundle/launch.mjs',
  'scripts/bundle/warm.mjs',
  'scripts/export-openapi.mjs',
];

/**
 * Builds `dist/` where it is not what the sources say.
 *
 * @param {(line: string) => void} note
 * @returns {Promise<boolean>} it was built anew
 */
export async function ensureBuild(note) {
  const hash = sourceHash();
  if (existsSync(MARK) && readFileSync(MARK, 'utf8') === hash) return false;
  await run('npm', ['run', '--silent', 'build'], { cwd: ROOT, onLine: note });
  writeFileSync(MARK, hash);
  return true;
}

/** What `dist/` was built from. */
export function builtFrom() {
  return readFileSync(MARK, 'utf8');
}

function sourceHash() {
  const hash = createHash('sha256');
  for (const file of [...FILES, ...sources('src'), ...sources('migrations')]) {
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex');
}

/**
 * @param {string} directory
 * @returns {string[]}
 */
function sources(directory) {
  return readdirSync(join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .sort();
}
