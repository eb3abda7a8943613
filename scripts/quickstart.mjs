// `npm run quickstart`: from a machine with Node and npm to a service that has run its first command.
// Can be run again: what is there already stays as it is.
import { ensureBuild } from './lib/build.mjs';
import { isDebianLike, isRoot } from './lib/machine.mjs';
import { ensureNodeModules } from './lib/node-modules.mjs';
import { ensurePrograms, missingPackages } from './lib/packages.mjs';
import { Progress, say } from './lib/progress.mjs';
import { printFailure, SetupError } from './lib/setup-error.mjs';

/** What the service itself calls to fence its sandboxes off. */
const FENCE_PROGRAMS = ['nft', 'conntrack', 'ip'];

try {
  await main();
  process.exit(0);
} catch (error) {
  printFailure(error);
  process.exit(1);
}

async function main() {
  if (process.platform !== 'linux') {
    throw new SetupError('Risoluto’s quickstart needs Linux', ['use a Linux machine or VM']);
  }
  const progress = new Progress(8);
  // Until this is done there is nothing but Node's own modules.
  await progress.stage('Dependencies', async (note) => say(await ensureNodeModules(note)));
  await progress.stage('Build', async (note) =>
    say((await ensureBuild(note)) ? 'built' : 'up to date'),
  );
  const docker = await progress.stage('Container engine', engine);
  await progress.stage('Sandbox image', (note) => images(docker, note));
  const { ensureMasterKey, SERVICE_URL } = await import('./quickstart/settings.mjs');
  const keys = await progress.stage('Data directory and master key', async () => ensureMasterKey());
  const { ensureService, LOG } = await import('./quickstart/service.mjs');
  const pid = await progress.stage('Service', () => ensureService(keys));
  const { firstRun } = await import('./quickstart/first-run.mjs');
  await progress.stage('A secret, a run, its output and its controls', firstRun);
  const { tellChecklist } = await import('./quickstart/checklist.mjs');
  await progress.stage('How this installation stands', tellChecklist);
  conclude(SERVICE_URL, pid, LOG, keys);
}

/** @param {(line: string) => void} note */
async function engine(note) {
  const { ensureEngine } = await import('./quickstart/container-engine.mjs');
  const { registerRunsc } = await import('./quickstart/runsc-registration.mjs');
  const docker = await ensureEngine(note);
  await registerRunsc(docker);
  if (isRoot() && isDebianLike()) {
    await ensurePrograms(FENCE_PROGRAMS, 'to fence the sandboxes’ network', note);
  } else if (missingPackages(FENCE_PROGRAMS).length > 0 || !isRoot()) {
    say('the sandboxes’ network is fenced by a small helper container');
  }
  return docker;
}

/**
 * @param {import('dockerode')} docker
 * @param {(line: string) => void} note
 */
async function images(docker, note) {
  const { ensureImage } = await import('./image/ensure.mjs');
  const { FENCE, SANDBOX } = await import('./image/recipe.mjs');
  let registry = true;
  for (const recipe of [SANDBOX, FENCE]) {
    const how = await ensureImage(docker, recipe, { registry, note });
    // One refusal is enough: asking again would only take its time again.
    registry = how !== 'imported';
    say(`${recipe.reference}: ${how}`);
  }
}

/**
 * @param {string} url
 * @param {number} pid
 * @param {string} log
 * @param {Record<string, string>} keys
 */
function conclude(url, pid, log, keys) {
  const settings = Object.entries(keys).map(([name, value]) => `${name}=${value} `);
  console.log(`
Risoluto is up.
  Swagger UI        ${url}/docs
  its log           ${log}
  stop it           kill ${pid}
  start it          npm run quickstart, or in the foreground: ${settings.join('')}npm start
  settings          config/risoluto.yaml and the environment (README.md)`);
  if (keys.MASTER_KEY_FILE) console.log(`  back this up      ${keys.MASTER_KEY_FILE}`);
}
