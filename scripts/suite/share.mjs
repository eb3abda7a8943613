// The directory through which the worlds of one `npm test` share its jobs and hand in their results.
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { own } from '../world/remains.mjs';
import { WORLDS } from '../world/state.mjs';

/**
 * Beside the worlds and with an owner as they have, so that a later run removes it when this is killed.
 *
 * @param {import('./plan.mjs').Plan} plan
 * @returns {string}
 */
export function makeShare(plan) {
  mkdirSync(WORLDS, { recursive: true });
  const share = mkdtempSync(join(WORLDS, 'suite-'));
  own(share);
  mkdirSync(reportsOf(share));
  mkdirSync(join(share, 'taken'));
  writeFileSync(join(share, 'plan.json'), JSON.stringify(plan));
  return share;
}

/**
 * @param {string} share
 * @returns {import('./plan.mjs').Plan}
 */
export function readPlan(share) {
  return JSON.parse(readFileSync(join(share, 'plan.json'), 'utf8'));
}

/**
 * Takes the next job for this process alone.
 *
 * @param {string} share
 * @returns {{job: import('./plan.mjs').Job, report: string} | null} null when all are taken
 */
export function takeJob(share) {
  for (const [index, job] of readPlan(share).jobs.entries()) {
    if (claim(join(share, 'taken', String(index)))) return { job, report: reportOf(share, index) };
  }
  return null;
}

/**
 * @param {string} share
 * @returns {import('./plan.mjs').Job[]} those of which nobody has handed in a result
 */
export function unreported(share) {
  return readPlan(share).jobs.filter((_job, index) => !existsSync(reportOf(share, index)));
}

/** @param {string} share */
export function reportsOf(share) {
  return join(share, 'reports');
}

/**
 * @param {string} share
 * @param {number} index
 */
function reportOf(share, index) {
  return join(reportsOf(share), `${index}.json`);
}

/** @param {string} file */
function claim(file) {
  try {
    closeSync(openSync(file, 'wx'));
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}
