// The middle of `npm run build`: the two programs of dist/src with the libraries that they use, in a
// handful of files. Opening 2,000 small ones is most of what a start would cost.
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { rolldown } from 'rolldown';

import { ROOT } from './lib/paths.mjs';

const SOURCE = join(ROOT, 'dist/src');
const TARGET = join(ROOT, 'dist/bin');

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

/** Libraries that are CommonJS ask for these names where they look for optional parts. */
const BANNER = `import { dirname as nodeDirname__ } from 'node:path';
import { fileURLToPath as nodePath__ } from 'node:url';
const __filename = nodePath__(import.meta.url);
const __dirname = nodeDirname__(__filename);`;

rmSync(TARGET, { recursive: true, force: true });
const bundle = await rolldown({
  input: { service: join(SOURCE, 'main.js'), risoluto: join(SOURCE, 'cli/main.js') },
  platform: 'node',
  external: EXTERNAL,
  onLog(level, log, handle) {
    if (level === 'warn' && !OPTIONAL.includes(log.code ?? '')) handle(level, log);
  },
});
await bundle.write({
  dir: TARGET,
  format: 'esm',
  banner: BANNER,
  // Names of classes are names of migrations, of schemas and in the log.
  keepNames: true,
  entryFileNames: '[name].js',
  chunkFileNames: 'parts/[name]-[hash].js',
});
await bundle.close();
chmodSync(join(TARGET, 'risoluto.js'), 0o755);
