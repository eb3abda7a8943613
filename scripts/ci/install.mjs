// The dependencies of package-lock.json, with the compiler that they need. Uses Node's own modules alone.
import { ensureNodeModules } from '../lib/node-modules.mjs';
import { Progress, say } from '../lib/progress.mjs';
import { printFailure } from '../lib/setup-error.mjs';

try {
  await new Progress(1).stage('Dependencies', async (note) => say(await ensureNodeModules(note)));
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
