// `npm test`: every test, against a real engine, on a machine that has Node and npm.
// `--long` adds the slow ones; all other arguments go to vitest.
import { join } from 'node:path';

import { ROOT } from './lib/paths.mjs';
import { Progress } from './lib/progress.mjs';
import { printFailure } from './lib/setup-error.mjs';
import { makeWorldReady, READY_STAGES } from './lib/world-ready.mjs';

const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}

/** @param {string[]} args */
async function main(args) {
  const progress = new Progress(READY_STAGES + 1);
  const archives = await makeWorldReady(progress);
  const { runInWorld } = await import('./world/start.mjs');
  progress.heading('Tests');
  const forVitest = args.filter((arg) => arg !== '--long');
  return runInWorld([process.execPath, VITEST, 'run', ...forVitest], {
    archives,
    env: args.includes('--long') ? { TEST_LONG: '1' } : {},
  });
}
