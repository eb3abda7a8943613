// Runs in a test world: takes jobs until none is left. Arguments: the shared directory, a name to
// print. Its exit code says only whether it could work; the results are in its reports.
import { Writable } from 'node:stream';

import { createVitest } from 'vitest/node';

import { parseArguments } from './plan.mjs';
import { ShortReporter } from './short-reporter.mjs';
import { readPlan, takeJob, tellFailed } from './share.mjs';

const [share = '', name = ''] = process.argv.slice(2);
const { options } = await parseArguments(readPlan(share).args);
// Of the merged report.
Reflect.deleteProperty(options, 'reporter');
const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
const vitest = await createVitest(
  'test',
  {
    ...options,
    watch: false,
    // A name that is looked for with -t stands in few of the files.
    passWithNoTests: true,
    reporters: ['blob', new ShortReporter(name)],
    outputFile: undefined,
  },
  {},
  { stdout: silent },
);

try {
  for (let next = takeJob(share); next !== null; next = takeJob(share)) await perform(next);
} finally {
  await vitest.close();
}
process.exit(0);

/** @param {import('./share.mjs').TakenJob} next */
async function perform({ job, index, report }) {
  vitest.config.outputFile = { blob: report };
  // Its clock starts anew: the merge adds the times up.
  await vitest.report('onInit', vitest);
  const project = vitest.projects.find((candidate) => candidate.name === job.project);
  if (project === undefined) throw new Error(`no project ${job.project}`);
  const specifications = await vitest.globTestSpecifications(job.files);
  const mine = new Set(job.files);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(
    specifications.filter((specification) => specification.project === project),
  );
  // It returns those of the jobs before as well.
  const failed = testModules.filter((module) => module.project === project && !module.ok());
  const files = failed.map((module) => module.relativeModuleId).filter((file) => mine.has(file));
  // An error that belongs to no test is somewhere in what ran.
  if (files.length > 0) tellFailed(share, index, files);
  else if (unhandledErrors.length > 0) tellFailed(share, index, job.files);
}
