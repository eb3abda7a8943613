import { ensureBuild } from './build.mjs';
import { hasProgram, isDebianLike, isRoot } from './machine.mjs';
import { ensureNodeModules } from './node-modules.mjs';
import { ensurePrograms } from './packages.mjs';
import { say } from './progress.mjs';
import { SetupError } from './setup-error.mjs';

const PROGRAMS = [
  'dockerd',
  'docker-init',
  'docker',
  'runsc',
  'iptables',
  'nft',
  'conntrack',
  'ip',
  'sysctl',
  'setpriv',
  'unshare',
  'curl',
  'openssl',
  'jq',
  'chromium',
  'faketime',
  'git',
  'g++',
  'make',
  'python3',
  'pip3',
  'mkfs.ext4',
];

/** How many stages `makeWorldReady` shows. */
export const READY_STAGES = 4;

/**
 * Everything that a test world needs of this machine and this repository.
 *
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<Record<string, string>>} the archives of its images, by the names of their recipes
 */
export async function makeWorldReady(progress) {
  refuseWhereNoWorldCanStand();
  await progress.stage('Dependencies', async (note) => say(await ensureNodeModules(note)));
  await progress.stage('Build', async (note) =>
    say((await ensureBuild(note)) ? 'built' : 'up to date'),
  );
  await progress.stage('Programs of the test world', async (note) => {
    const installed = await ensurePrograms(
      PROGRAMS,
      'to try things on a real engine and in a real browser',
      note,
    );
    say(installed.length > 0 ? `installed ${installed.join(', ')}` : 'all there');
  });
  return progress.stage('Images', makeImages);
}

function refuseWhereNoWorldCanStand() {
  if (process.platform !== 'linux') {
    throw new SetupError('this needs Linux: it runs real containers in network namespaces', [
      'npm run test:unit   runs the tests that need none',
    ]);
  }
  if (!isRoot()) {
    throw new SetupError(
      'this needs root: it makes network namespaces and runs an engine in them',
      ['run it with sudo, or:', 'npm run test:unit   runs the tests that need neither'],
    );
  }
  if (!isDebianLike() && !PROGRAMS.every(hasProgram)) {
    throw new SetupError('this is not Debian or Ubuntu, and something that is needed is missing', [
      `install what provides: ${PROGRAMS.filter((name) => !hasProgram(name)).join(', ')}`,
    ]);
  }
}

/** @param {(line: string) => void} note */
async function makeImages(note) {
  const { rootArchive } = await import('../image/debian-root.mjs');
  const { FENCE, SANDBOX } = await import('../image/recipe.mjs');
  return {
    [SANDBOX.name]: await rootArchive(SANDBOX, note),
    [FENCE.name]: await rootArchive(FENCE, note),
  };
}
