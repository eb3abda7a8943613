// `npm test`: every test, against a real engine, on a machine that has Node and npm.
// `--long` adds the slow ones, `--no-second-try` fails at the first failure; all other arguments go to
// vitest.
import { Progress } from './lib/progress.mjs';
import { printFailure } from './lib/setup-error.mjs';
import { makeWorldReady, READY_STAGES } from './lib/world-ready.mjs';
import { chooseSeed } from './suite/seed.mjs';

const SECOND_TRY_OFF = '--no-second-try';
const OWN = new Set(['--long', SECOND_TRY_OFF]);

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
  const long = args.includes('--long');
  const { seed, source } = chooseSeed({ asked: process.env.TEST_SEED, long });
  progress.heading('Tests');
  console.log(`      TEST_SEED=${seed} (${source})`);
  return runSuite(
    args.filter((arg) => !OWN.has(arg)),
    {
      archives,
      env: { TEST_SEED: String(seed), ...(long ? { TEST_LONG: '1' } : {}) },
      secondTry: !args.includes(SECOND_TRY_OFF),
    },
  );
}
