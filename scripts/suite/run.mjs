import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ROOT } from '../lib/paths.mjs';
import { runInWorld } from '../world/start.mjs';
import { planTests } from './plan.mjs';
import { makeShare, reportsOf, unreported } from './share.mjs';

const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');
const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
/** Mostly the tests wait; more than this and they wait for each other. */
const WORLDS = 2;
const INTERRUPTED = 130;

/**
 * Runs the tests that vitest's arguments mean. One file runs in one world under vitest itself; more
 * are shared out between worlds, and one report is made of all their results.
 *
 * @param {string[]} args
 * @param {{archives: Record<string, string>, env: NodeJS.ProcessEnv}} options as of `runInWorld`
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
    const merged = await merge(share, args);
    const missing = unreported(share);
    for (const { files } of missing) console.error(`error: no result of ${files.join(', ')}`);
    const broken = missing.length > 0 || exits.some((code) => code !== 0);
    return broken ? merged || 1 : merged;
  } finally {
    rmSync(share, { recursive: true, force: true });
  }
}

/**
 * @param {string} share
 * @param {string[]} args with the reporters that were asked for
 * @returns {Promise<number>} 0 when every test passed
 */
async function merge(share, args) {
  const merging = ['run', `--merge-reports=${reportsOf(share)}`, ...args];
  const child = spawn(process.execPath, [VITEST, ...merging], { cwd: ROOT, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
