// `npm run build`, remembered, so that `npm test` does not build the same sources again.
import { ensureBuild } from '../lib/build.mjs';
import { Progress } from '../lib/progress.mjs';
import { printFailure } from '../lib/setup-error.mjs';

try {
  await new Progress(1).stage('Build', ensureBuild);
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
