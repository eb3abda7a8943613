// Runs a built program and, as it ends, keeps what V8 has compiled of its parts by then beside them, where
// nothing is kept yet. Arguments: the program's file, then its own.
import { existsSync, writeFileSync } from 'node:fs';

import { load, parts } from '../../dist/bin/launch.js';

// Now the program finds its own arguments where it looks for them.
process.argv.splice(1, 1);
const [, program = ''] = process.argv;
process.on('exit', () => {
  for (const [file, { script }] of parts) {
    if (!existsSync(`${file}.code`)) writeFileSync(`${file}.code`, script.createCachedData());
  }
});
load(program);
