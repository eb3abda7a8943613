import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

import { ROOT } from '../lib/paths.mjs';

/** Seconds that a file takes; what is not there counts as `DEFAULT_SECONDS`. */
const DURATIONS = new URL('./durations.json', import.meta.url);
const DEFAULT_SECONDS = 10;

/**
 * What one process of vitest is given at a time: one file that needs a world to itself, or all files
 * that do not.
 *
 * @typedef {object} Job
 * @property {string} project of vitest.config.ts
 * @property {string[]} files below the repository
 */

/**
 * @typedef {object} Plan
 * @property {Job[]} jobs the longest first, so that the worlds end at about the same time
 * @property {string[]} args as `npm test` got them, for vitest
 */

/**
 * Which files the arguments of `npm test` mean.
 *
 * @param {string[]} args
 * @returns {Promise<Plan>}
 */
export async function planTests(args) {
  const files = await filesByProject(args);
  const unit = files.get('unit') ?? [];
  const alone = (files.get('e2e') ?? []).map((file) => ({ project: 'e2e', files: [file] }));
  const jobs = unit.length > 0 ? [{ project: 'unit', files: unit }, ...alone] : alone;
  const seconds = readDurations();
  const length = (/** @type {Job} */ { project, files: [first = ''] }) =>
    seconds[project === 'unit' ? 'unit' : first] ?? DEFAULT_SECONDS;
  return { jobs: jobs.sort((a, b) => length(b) - length(a)), args };
}

/**
 * @param {string[]} args
 * @returns {Promise<Map<string, string[]>>}
 */
async function filesByProject(args) {
  const { createVitest } = await import('vitest/node');
  const { filter, options } = await parseArguments(args);
  const vitest = await createVitest('test', { ...options, watch: false });
  try {
    /** @type {Map<string, string[]>} */
    const files = new Map();
    for (const { project, moduleId } of await vitest.globTestSpecifications(filter)) {
      files.set(project.name, [...(files.get(project.name) ?? []), relative(ROOT, moduleId)]);
    }
    return files;
  } finally {
    await vitest.close();
  }
}

/**
 * @param {string[]} args
 * @returns {Promise<{filter: string[], options: import('vitest/node').CliOptions}>}
 */
export async function parseArguments(args) {
  const { parseCLI } = await import('vitest/node');
  return parseCLI(['vitest', 'run', ...args]);
}

/** @returns {Record<string, number>} */
function readDurations() {
  return JSON.parse(readFileSync(DURATIONS, 'utf8'));
}
