// `npm run bench`: every benchmark of bench/, or those named, in a test world; prints one table.
import { join } from 'node:path';

import { ensurePrograms } from './lib/packages.mjs';
import { ROOT } from './lib/paths.mjs';
import { Progress, say } from './lib/progress.mjs';
import { printFailure } from './lib/setup-error.mjs';
import { makeWorldReady, READY_STAGES } from './lib/world-ready.mjs';

/** What the egress gateway is measured against; inside a world nothing can be fetched. */
const PROXIES = ['squid', 'tinyproxy'];
const wanted = process.argv.slice(2).filter((argument) => argument !== '--quick');
const needsProxies =
  wanted.length === 0 || wanted.some((part) => 'egress-gateway.bench.ts'.includes(part));

try {
  const progress = new Progress(READY_STAGES + (needsProxies ? 2 : 1));
  const archives = await makeWorldReady(progress);
  if (needsProxies) {
    await progress.stage('Proxies to measure against', async (note) => {
      const installed = await ensurePrograms(PROXIES, 'to measure the egress gateway', note);
      say(installed.length > 0 ? `installed ${installed.join(', ')}` : 'all there');
    });
  }
  const { runInWorld } = await import('./world/start.mjs');
  progress.heading('Measurements');
  const command = [process.execPath, join(ROOT, 'bench/run.mjs'), ...process.argv.slice(2)];
  process.exitCode = await runInWorld(command, { archives });
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
