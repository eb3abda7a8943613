import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../lib/command.mjs';
import { isDebianLike, isRoot } from '../lib/machine.mjs';
import { ensurePrograms } from '../lib/packages.mjs';
import { CACHE } from '../lib/paths.mjs';
import { SetupError } from '../lib/setup-error.mjs';
import { aptTargets, aptTransport } from './apt-sources.mjs';
import { codexBinary } from './codex.mjs';
import { FENCE, SANDBOX, SCRIPTS, recipeHash } from './recipe.mjs';

const SUITE = 'bookworm';

/**
 * The file system of an image as a tar file, made without any container registry and kept for the
 * next time.
 *
 * @param {import('./recipe.mjs').Recipe} recipe
 * @param {(line: string) => void} note
 * @returns {Promise<string>} the path of the tar file
 */
export async function rootArchive(recipe, note) {
  const archive = join(CACHE, `${recipe.name}-${recipeHash(recipe)}.tar`);
  if (existsSync(archive)) return archive;
  if (!isRoot() || !isDebianLike()) {
    throw new SetupError(`${recipe.reference} cannot be made here without a container registry`, [
      'run this once as root on Debian or Ubuntu, or let the engine pull debian:bookworm-slim, or:',
      `npm run image:parts && docker build -t ${recipe.name} -f scripts/${recipe.dockerfile} scripts`,
    ]);
  }
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, 'root-'));
  try {
    const root = join(work, 'root');
    await FILL[recipe.name](root, note);
    await pack(root, join(work, 'root.tar'));
    await rename(join(work, 'root.tar'), archive);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return archive;
}

/** @type {Record<string, (root: string, note: (line: string) => void) => Promise<void>>} */
const FILL = {
  [SANDBOX.name]: fillSandbox,
  [FENCE.name]: fillFence,
};

/**
 * @param {string} root
 * @param {(line: string) => void} note
 */
async function fillSandbox(root, note) {
  await ensurePrograms(['debootstrap', 'unshare'], 'to make the sandbox image', note);
  const targets = await aptTargets();
  const mirror = targets.find((target) => target.suite === SUITE)?.uri;
  await run('debootstrap', ['--variant=minbase', SUITE, root, ...(mirror ? [mirror] : [])], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    onLine: note,
  });
  const updates = targets.filter(({ suite }) => suite.startsWith(`${SUITE}-`));
  const list = updates.map(({ uri, suite, component }) => `deb ${uri} ${suite} ${component}\n`);
  const listFile = join(root, 'etc/apt/sources.list.d/updates.list');
  const transportFile = join(root, 'etc/apt/apt.conf.d/99build');
  await writeFile(listFile, list.join(''));
  await writeFile(transportFile, await aptTransport());
  await copyFile(join(SCRIPTS, 'image/packages.txt'), join(root, 'tmp/packages.txt'));
  await copyFile(join(SCRIPTS, 'image/install.sh'), join(root, 'tmp/install.sh'));
  await copyFile('/etc/resolv.conf', join(root, 'etc/resolv.conf'));
  const namespaces = ['--mount', '--pid', '--fork', `--mount-proc=${join(root, 'proc')}`];
  await run('unshare', [...namespaces, 'chroot', root, 'sh', '/tmp/install.sh'], { onLine: note });
  const codex = join(root, 'usr/local/bin/codex');
  await copyFile(await codexBinary(note), codex);
  await chmod(codex, 0o755);
  for (const file of [transportFile, join(root, 'etc/resolv.conf'), join(root, 'etc/hostname')]) {
    await rm(file, { force: true });
  }
}

/**
 * @param {string} root
 * @param {(line: string) => void} note
 */
async function fillFence(root, note) {
  await ensurePrograms(['ip', 'nft', 'conntrack'], 'to make the fence image', note);
  await run('sh', [join(SCRIPTS, 'image/collect-fence.sh'), root], { onLine: note });
}

/**
 * Devices stay out: every container gets its own.
 *
 * @param {string} root
 * @param {string} archive
 */
async function pack(root, archive) {
  const leftOut = ['./dev/*', './proc/*', './sys/*'].map((path) => `--exclude=${path}`);
  await run('tar', ['--numeric-owner', '-C', root, ...leftOut, '-cf', archive, '.']);
}
