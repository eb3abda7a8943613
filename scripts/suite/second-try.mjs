import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runInWorld } from '../world/start.mjs';
import { merge } from './merge.mjs';
import { failedJobs, makeShare, readPlan, reportOf, unreported } from './share.mjs';

export const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
const MOST_FILES = 6;
const LIMIT_MS = 8 * 60_000;

/**
 * @typedef {object} SuiteOptions
 * @property {Record<string, string>} archives as of `runInWorld`
 * @property {NodeJS.ProcessEnv} env
 * @property {boolean} secondTry
 */

/**
 * Shows what failed in the busy worlds, then runs those jobs alone in a fresh, quiet one. The report of
 * a job that passes there takes the place of its first one, so that each test is counted once.
 *
 * @param {string} share
 * @param {SuiteOptions} options
 * @returns {Promise<string[]>} the files that failed first and passed now
 */
export async function trySecondTime(share, options) {
  const failed = failedJobs(share);
  const count = failed.flatMap(({ files }) => files).length;
  if (count === 0) return [];
  if (count > MOST_FILES) {
    console.log(`${count} files failed: too many to be tried a second time`);
    return [];
  }
  console.log('\nThe first try of what failed:');
  await showFirst(share, failed);
  console.log(`\nThe second try, one file after the other and nothing beside them:`);
  const again = makeShare({ ...readPlan(share), jobs: failed.map(({ job }) => job) });
  try {
    const signal = AbortSignal.timeout(LIMIT_MS);
    await runInWorld([process.execPath, WORKER, again, '[again]'], { ...options, signal });
    const lost = new Set(
      [...unreported(again), ...failedJobs(again).map(({ job }) => job)].map(key),
    );
    return failed.flatMap(({ job, index, files }, second) => {
      if (lost.has(key(job))) return [];
      copyFileSync(reportOf(again, second), reportOf(share, index));
      return files;
    });
  } finally {
    rmSync(again, { recursive: true, force: true });
  }
}

/**
 * @param {string} share
 * @param {{index: number}[]} failed
 */
async function showFirst(share, failed) {
  const directory = mkdtempSync(join(share, 'first-'));
  for (const { index } of failed) {
    const report = reportOf(share, index);
    copyFileSync(report, join(directory, basename(report)));
  }
  await merge(directory, ['--reporter=default']);
}

/** @param {import('./plan.mjs').Job} job */
function key({ project, files }) {
  return `${project} ${files.join(' ')}`;
}
