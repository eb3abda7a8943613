import { spawnSync } from 'node:child_process';

import { ROOT } from '../lib/paths.mjs';
import { SetupError } from '../lib/setup-error.mjs';

const MOST = 2 ** 31 - 1;

/**
 * One seed for a whole run: the same commit is tried with the same one everywhere, so that it is not
 * red for one and green for another. `TEST_SEED=random` looks for more, as the long form always does.
 *
 * @param {{asked: string | undefined, long: boolean}} options `asked`: the environment's `TEST_SEED`
 * @returns {{seed: number, source: string}}
 */
export function chooseSeed({ asked, long }) {
  if (asked !== undefined && asked !== '' && asked !== 'random') {
    if (!/^\d{1,10}$/.test(asked) || Number(asked) > MOST) {
      throw new SetupError(`TEST_SEED is a number up to ${MOST}, or the word random`);
    }
    return { seed: Number(asked), source: 'TEST_SEED' };
  }
  const commit = asked === 'random' || long ? '' : headCommit();
  // Seven hexadecimal digits are less than the most.
  if (commit !== '') return { seed: parseInt(commit.slice(0, 7), 16), source: commit.slice(0, 12) };
  return { seed: Date.now() % MOST, source: 'random' };
}

/** @returns {string} empty where there is no repository */
function headCommit() {
  const git = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
  return git.status === 0 && /^[0-9a-f]{40,64}\s*$/.test(git.stdout) ? git.stdout : '';
}
