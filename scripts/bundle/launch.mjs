// Copied to dist/bin/launch.js, beside the two programs: loads the parts of which they are made with the
// code that V8 compiled of them when they were built. That is half of what a start would cost.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

const HEAD = '(function (exports, require, module, __filename, __dirname) {';

/**
 * What has been loaded, by file.
 *
 * @type {Map<string, {script: Script, module: {exports: object}}>}
 */
export const parts = new Map();

/**
 * A part of CommonJS, which gets the parts that it requires the same way and all else from Node.
 *
 * The code kept beside it is taken where it is of this very V8 (another version or other flags: V8
 * compiles the part as if there were none). It is trusted as the part itself is: `npm run build` makes
 * both, and takes both away before it makes either.
 *
 * @param {string} file
 * @returns {object} what it exports
 */
export function load(file) {
  const known = parts.get(file);
  if (known !== undefined) return known.module.exports;
  const script = new Script(`${HEAD}${readFileSync(file, 'utf8')}\n})`, {
    filename: file,
    cachedData: keptCode(file),
  });
  const module = { exports: {} };
  parts.set(file, { script, module });
  const fromNode = createRequire(file);
  const directory = dirname(file);
  /** @param {string} name */
  const fromHere = (name) => (name.startsWith('./') ? load(join(directory, name)) : fromNode(name));
  const required = Object.assign(fromHere, fromNode);
  script.runInThisContext()(module.exports, required, module, file, directory);
  return module.exports;
}

/** @param {string} file */
function keptCode(file) {
  try {
    return readFileSync(`${file}.code`);
  } catch {
    return undefined;
  }
}
