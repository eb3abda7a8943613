// `npm test`: every test, against a real engine, on a machine that has Node and npm.
// `--long` adds the slow ones; all other arguments go to vitest.
import { Progress } from './lib/progress.mjs';
import { printFailure } from './lib/setup-error.mjs';
import { makeWorldReady, READY_STAGES } from './lib/world-ready.mjs';

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
  const { runSuite } = await import('./suite/run.mjs');
  progress.heading('Tests');
  return runSuite(
    args.filter((arg) => arg !== '--long'),
    { archives, env: args.includes('--long') ? { TEST_LONG: '1' } : {} },
  );
}
