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
  for (const part of ['reports', 'taken', 'failed']) mkdirSync(join(share, part));
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
 * @typedef {object} TakenJob
 * @property {import('./plan.mjs').Job} job
 * @property {number} index of the plan
 * @property {string} report where vitest's report of it goes
 */

/**
 * Takes the next job for this process alone.
 *
 * @param {string} share
 * @returns {TakenJob | null} null when all are taken
 */
export function takeJob(share) {
  for (const [index, job] of readPlan(share).jobs.entries()) {
    const mine = claim(join(share, 'taken', String(index)));
    if (mine) return { job, index, report: reportOf(share, index) };
  }
  return null;
}

/**
 * Tells the others what of a job failed.
 *
 * @param {string} share
 * @param {number} index
 * @param {string[]} files below the repository
 */
export function tellFailed(share, index, files) {
  writeFileSync(failedFile(share, index), JSON.stringify(files));
}

/**
 * @param {string} share
 * @returns {{index: number, job: import('./plan.mjs').Job, files: string[]}[]} jobs of which a result
 *   was handed in, with their files that failed
 */
export function failedJobs(share) {
  return readPlan(share).jobs.flatMap((job, index) => {
    if (!existsSync(reportOf(share, index)) || !existsSync(failedFile(share, index))) return [];
    return [{ index, job, files: JSON.parse(readFileSync(failedFile(share, index), 'utf8')) }];
  });
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
function failedFile(share, index) {
  return join(share, 'failed', `${index}.json`);
}

/**
 * @param {string} share
 * @param {number} index
 */
export function reportOf(share, index) {
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
