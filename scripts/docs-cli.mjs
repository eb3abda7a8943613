// `npm run docs:cli`: docs/cli.md and man/risoluto.1, from the built command line itself.
// With --check nothing is written, and what is stale is an error.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { format, resolveConfig } from 'prettier';

import { ROOT } from './lib/paths.mjs';

const pages = await manualPages();
const stale = Object.entries(pages).filter(([file, text]) => text !== readOrNull(join(ROOT, file)));
if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is stale: npm run docs:cli`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [file, text] of stale) {
    mkdirSync(dirname(join(ROOT, file)), { recursive: true });
    writeFileSync(join(ROOT, file), text);
  }
}

/** @returns {Promise<Record<string, string>>} */
async function manualPages() {
  const { buildProgram } = await load('cli/program.js');
  const { treeOf } = await load('cli/manual/command-tree.js');
  const { markdownManual } = await load('cli/manual/markdown.js');
  const { roffManual } = await load('cli/manual/roff.js');
  const { VERSION } = await load('kernel/version.js');
  const tree = treeOf(buildProgram({ stdout: process.stdout, stderr: process.stderr }));
  const page = join(ROOT, 'docs/cli.md');
  const style = { ...(await resolveConfig(page)), filepath: page };
  return {
    'docs/cli.md': await format(markdownManual(tree), style),
    'man/risoluto.1': roffManual(tree, VERSION),
  };
}

/** @param {string} file */
function load(file) {
  return import(join(ROOT, 'dist/src', file));
}

/** @param {string} file */
function readOrNull(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
