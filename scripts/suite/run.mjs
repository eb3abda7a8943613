import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { runInWorld } from '../world/start.mjs';
import { merge, VITEST } from './merge.mjs';
import { planTests } from './plan.mjs';
import { trySecondTime, WORKER } from './second-try.mjs';
import { makeShare, reportsOf, unreported } from './share.mjs';

const MOST_WORLDS = 8;
/** Tests wait as well: as many worlds as cores leave some idle, and more than one beyond wait for each other. */
const WORLDS = Math.min(MOST_WORLDS, Math.max(2, availableParallelism()) + 1);
const INTERRUPTED = 130;

/**
 * Runs the tests that vitest's arguments mean. One file runs in one world under vitest itself; more
 * are shared out between worlds, and one report is made of all their results.
 *
 * @param {string[]} args
 * @param {import('./second-try.mjs').SuiteOptions} options
 * @returns {Promise<number>} the exit code
 */
export async function runSuite(args, options) {
  const plan = await planTests(args);
  if (plan.jobs.length < 2) return runInWorld([process.execPath, VITEST, 'run', ...args], options);
  const share = makeShare(plan);
  try {
    const exits = await Promise.all(
      Array.from({ length: WORLDS }, (_, index) =>
        runInWorld([process.execPath, WORKER, share, `[${index + 1}]`], options),
      ),
    );
    if (exits.includes(INTERRUPTED)) return INTERRUPTED;
    const missing = unreported(share);
    const broken = missing.length > 0 || exits.some((code) => code !== 0);
    const saved = broken || !options.secondTry ? [] : await trySecondTime(share, options);
    const merged = await merge(reportsOf(share), args);
    for (const { files } of missing) console.error(`error: no result of ${files.join(', ')}`);
    if (saved.length > 0) {
      const count = saved.length === 1 ? '1 file' : `${saved.length} files`;
      console.log(`${count} passed only on the second, quiet try: ${saved.join(', ')}`);
    }
    return broken ? merged || 1 : merged;
  } finally {
    rmSync(share, { recursive: true, force: true });
  }
}
