// `npm test`: every test, against a real engine, on a machine that has Node and npm.
// `--long` adds the slow ones; all other arguments go to vitest.
import { join } from 'node:path';

import { ensureBuild } from './lib/build.mjs';
import { hasProgram, isDebianLike, isRoot } from './lib/machine.mjs';
import { ensureNodeModules } from './lib/node-modules.mjs';
import { ensurePrograms } from './lib/packages.mjs';
import { ROOT } from './lib/paths.mjs';
import { Progress, say } from './lib/progress.mjs';
import { printFailure, SetupError } from './lib/setup-error.mjs';

const PROGRAMS = [
  'dockerd',
  'docker-init',
  'runsc',
  'iptables',
  'nft',
  'conntrack',
  'ip',
  'setpriv',
  'unshare',
];

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}

/** @param {string[]} args */
async function main(args) {
  refuseWhereNoWorldCanStand();
  const progress = new Progress(5);
  await progress.stage('Dependencies', async (note) => say(await ensureNodeModules(note)));
  await progress.stage('Build', async (note) =>
    say((await ensureBuild(note)) ? 'built' : 'up to date'),
  );
  await progress.stage('Programs of the test world', async (note) => {
    const installed = await ensurePrograms(
      PROGRAMS,
      'to run the tests against a real engine',
      note,
    );
    say(installed.length > 0 ? `installed ${installed.join(', ')}` : 'all there');
  });
  const archives = await progress.stage('Images', makeImages);
  const { runInWorld } = await import('./world/start.mjs');
  progress.heading('Tests');
  return runInWorld(vitest(args.filter((arg) => arg !== '--long')), {
    archives,
    env: args.includes('--long') ? { TEST_LONG: '1' } : {},
  });
}

function refuseWhereNoWorldCanStand() {
  if (process.platform !== 'linux') {
    throw new SetupError(
      'the tests need Linux: they run real containers in network namespaces of their own',
      ['npm run test:unit   runs those that need neither'],
    );
  }
  if (!isRoot()) {
    throw new SetupError(
      'the tests need root: they make network namespaces and run a container engine in them',
      ['sudo npm test', 'npm run test:unit   runs those that need neither'],
    );
  }
  if (!isDebianLike() && !PROGRAMS.every(hasProgram)) {
    throw new SetupError(
      'this is not Debian or Ubuntu, and something that the tests need is missing',
      [`install what provides: ${PROGRAMS.filter((name) => !hasProgram(name)).join(', ')}`],
    );
  }
}

/** @param {(line: string) => void} note */
async function makeImages(note) {
  const { rootArchive } = await import('./image/debian-root.mjs');
  const { FENCE, SANDBOX } = await import('./image/recipe.mjs');
  return {
    [SANDBOX.name]: await rootArchive(SANDBOX, note),
    [FENCE.name]: await rootArchive(FENCE, note),
  };
}

/** @param {string[]} args */
function vitest(args) {
  return [process.execPath, join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...args];
}
