import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { ROOT } from '../lib/paths.mjs';

export const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');

/**
 * Makes one report of those in a directory.
 *
 * @param {string} reports
 * @param {string[]} args with the reporters that were asked for
 * @returns {Promise<number>} 0 when every test passed
 */
export async function merge(reports, args) {
  const merging = ['run', `--merge-reports=${reports}`, ...args];
  const child = spawn(process.execPath, [VITEST, ...merging], { cwd: ROOT, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
