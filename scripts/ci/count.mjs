// Adds vitest's counts to those of the other stages and prints the sum, alone on a line.
// Arguments: vitest's JSON report, stages that passed, stages that failed, the exit code of the tests.
import { existsSync, readFileSync } from 'node:fs';

const [report = '', ...numbers] = process.argv.slice(2);
const [stagesPassed = 0, stagesFailed = 0, testsExit = 1] = numbers.map(Number);

const tests = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
const passed = tests.numPassedTests ?? 0;
// A file that does not load, or a world that does not stand, fails no test by name.
const failed = Math.max(tests.numFailedTests ?? 0, testsExit === 0 ? 0 : 1);
const skipped = (tests.numPendingTests ?? 0) + (tests.numTodoTests ?? 0);

if (skipped > 0) console.log(`${skipped} tests were not run (those of \`npm run test:long\`)`);
console.log(`${stagesPassed + passed} passed, ${stagesFailed + failed} failed`);
