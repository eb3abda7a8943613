import { createReadStream } from 'node:fs';

import { RECIPE_LABEL, recipeHash } from './recipe.mjs';
import { rootArchive } from './debian-root.mjs';
import { buildFromRegistry } from './registry-build.mjs';

/**
 * Sees to it that the engine has the image as its recipe says: from a registry's base where that can
 * be pulled, else from a root made here.
 *
 * @param {import('dockerode')} docker
 * @param {import('./recipe.mjs').Recipe} recipe
 * @param {{registry: boolean, note: (line: string) => void}} options `registry`: whether one may be asked
 * @returns {Promise<'present' | 'built' | 'imported'>}
 */
export async function ensureImage(docker, recipe, { registry, note }) {
  if ((await recipeOf(docker, recipe.reference)) === recipeHash(recipe)) return 'present';
  if (registry && (await buildFromRegistry(docker, recipe, note))) return 'built';
  await importArchive(docker, recipe, await rootArchive(recipe, note));
  return 'imported';
}

/**
 * @param {import('dockerode')} docker
 * @param {string} reference
 * @returns {Promise<string | undefined>} undefined too where the image is missing or not ours
 */
async function recipeOf(docker, reference) {
  try {
    const image = await docker.getImage(reference).inspect();
    return image.Config?.Labels?.[RECIPE_LABEL];
  } catch (error) {
    if (error.statusCode === 404) return undefined;
    throw error;
  }
}

/**
 * @param {import('dockerode')} docker
 * @param {import('./recipe.mjs').Recipe} recipe
 * @param {string} archive
 */
export async function importArchive(docker, recipe, archive) {
  const [repo, tag] = recipe.reference.split(':');
  const changes = [...recipe.importChanges, `LABEL ${RECIPE_LABEL}=${recipeHash(recipe)}`];
  const stream = await docker.importImage(createReadStream(archive), { repo, tag, changes });
  await new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error, events) =>
      error ? reject(error) : resolve(events),
    );
  });
}
