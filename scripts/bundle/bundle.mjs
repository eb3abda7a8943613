// The middle of `npm run build`: the two programs of dist/src with the libraries that they use, in a
// handful of files. Opening 2,000 small ones is most of what a start would cost.
import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { rolldown } from 'rolldown';

import { ROOT } from '../lib/paths.mjs';

const SOURCE = join(ROOT, 'dist/src');
const TARGET = join(ROOT, 'dist/bin');
const LAUNCHER = fileURLToPath(new URL('./launch.mjs', import.meta.url));

/** Left in node_modules: they open files beside themselves, or a wrapper hides what they require. */
const EXTERNAL = [
  /^sqlite3$/,
  /^@fastify\/static$/,
  /^swagger-ui-dist/,
  /^jsonc-parser$/,
  /^cpu-features$/,
  /\.node$/,
];

/** What libraries ask for and get along without. */
const OPTIONAL = ['UNRESOLVED_IMPORT', 'COMMONJS_VARIABLE_IN_ESM'];

/** Each is its name's part, loaded by `launch.js`. */
const PROGRAMS = { service: 'main.js', risoluto: 'cli/main.js' };

rmSync(TARGET, { recursive: true, force: true });
const bundle = await rolldown({
  input: Object.fromEntries(
    Object.entries(PROGRAMS).map(([name, file]) => [name, join(SOURCE, file)]),
  ),
  platform: 'node',
  external: EXTERNAL,
  onLog(level, log, handle) {
    if (level === 'warn' && !OPTIONAL.includes(log.code ?? '')) handle(level, log);
  },
});
await bundle.write({
  dir: join(TARGET, 'parts'),
  // V8 keeps code of scripts, and not of modules before Node 22.
  format: 'cjs',
  // A script that is loaded with kept code cannot import.
  dynamicImportInCjs: false,
  // Names of classes are names of migrations, of schemas and in the log.
  keepNames: true,
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name]-[hash].cjs',
});
await bundle.close();
copyFileSync(LAUNCHER, join(TARGET, 'launch.js'));
for (const name of Object.keys(PROGRAMS)) {
  const program = join(TARGET, `${name}.js`);
  writeFileSync(
    program,
    `#!/usr/bin/env node
import { join } from 'node:path';

import { load } from './launch.js';

load(join(import.meta.dirname, 'parts/${name}.cjs'));
`,
  );
  chmodSync(program, 0o755);
}
