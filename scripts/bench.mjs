// `npm run bench`: every benchmark of bench/, or those named, in a test world; prints one table.
import { join } from 'node:path';

import { ROOT } from './lib/paths.mjs';
import { Progress } from './lib/progress.mjs';
import { printFailure } from './lib/setup-error.mjs';
import { makeWorldReady, READY_STAGES } from './lib/world-ready.mjs';

try {
  const progress = new Progress(READY_STAGES + 1);
  const archives = await makeWorldReady(progress);
  const { runInWorld } = await import('./world/start.mjs');
  progress.heading('Measurements');
  const command = [process.execPath, join(ROOT, 'bench/run.mjs'), ...process.argv.slice(2)];
  process.exitCode = await runInWorld(command, { archives });
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
