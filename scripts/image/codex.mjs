import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { run } from '../lib/command.mjs';
import { CACHE } from '../lib/paths.mjs';
import { SetupError } from '../lib/setup-error.mjs';

/**
 * The Codex release of the sandbox image: its npm package, and for each architecture the package that
 * holds the native program, with the digest of that package.
 *
 * @type {{package: string, version: string, platforms: Record<string, {release: string, integrity: string, binary: string}>}}
 */
export const CODEX = JSON.parse(readFileSync(new URL('codex.json', import.meta.url), 'utf8'));

/**
 * Codex’s native Linux program for this machine’s architecture, fetched by npm once and kept. It is
 * unpacked only after the package’s digest was found to be the pinned one.
 *
 * @param {(line: string) => void} note
 * @returns {Promise<string>} the program’s path
 */
export async function codexBinary(note) {
  const platform = CODEX.platforms[process.arch];
  if (!platform) {
    throw new SetupError(`Codex ${CODEX.version} has no Linux program for ${process.arch}`, [
      `the sandbox image is made on: ${Object.keys(CODEX.platforms).join(', ')}`,
    ]);
  }
  const kept = join(CACHE, `codex-${platform.release}-${fingerprint(platform.integrity)}`);
  if (existsSync(kept)) return kept;
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, 'codex-'));
  try {
    const archive = await fetchPackage(`${CODEX.package}@${platform.release}`, work, note);
    await checkIntegrity(archive, platform.integrity);
    await run('tar', ['-C', work, '-xzf', archive, '--no-same-owner', platform.binary]);
    const program = join(work, platform.binary);
    await chmod(program, 0o755);
    await rename(program, kept);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return kept;
}

/**
 * @param {string} path
 * @param {string} integrity of the form that npm’s lock files have, `sha512-…`
 */
export async function checkIntegrity(path, integrity) {
  const hash = createHash('sha512');
  await pipeline(createReadStream(path), hash);
  const found = `sha512-${hash.digest('base64')}`;
  if (found === integrity) return;
  throw new SetupError('the Codex package is not the one that scripts/image/codex.json pins', [
    `expected ${integrity}`,
    `found    ${found}`,
    'a registry or a proxy on the way answers with something else: nothing of it was unpacked',
  ]);
}

/**
 * @param {string} name
 * @param {string} directory
 * @param {(line: string) => void} note
 */
async function fetchPackage(name, directory, note) {
  note(`fetching ${name}`);
  const args = ['pack', name, '--ignore-scripts', '--pack-destination', directory];
  // Not in the repository, whose `.npmrc` and workspaces have no say in this.
  await run('npm', args, { cwd: directory }).catch((error) => {
    throw new SetupError(`npm could not fetch ${name}, which the sandbox image holds`, [
      'npm has to reach its registry: npm config get registry',
      ...String(error.message).split('\n').slice(-4),
    ]);
  });
  const archive = (await readdir(directory)).find((entry) => entry.endsWith('.tgz'));
  if (!archive) throw new Error(`npm pack ${name} left no package`);
  return join(directory, archive);
}

/** @param {string} integrity */
function fingerprint(integrity) {
  return createHash('sha256').update(integrity).digest('hex').slice(0, 16);
}
