import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from '../lib/paths.mjs';

export const SANDBOX = Object.freeze({
  name: 'risoluto-sandbox',
  reference: 'risoluto-sandbox:latest',
  dockerfile: 'Dockerfile.sandbox',
  context: ['Dockerfile.sandbox', 'image/packages.txt', 'image/install.sh', 'image/codex.json'],
  importChanges: ['USER agent', 'WORKDIR /workspace', 'CMD ["bash"]'],
});

export const FENCE = Object.freeze({
  name: 'risoluto-fence',
  reference: 'risoluto-fence:latest',
  dockerfile: 'Dockerfile.fence',
  context: ['Dockerfile.fence', 'image/collect-fence.sh'],
  importChanges: ['ENV PATH=/usr/bin', 'CMD ["sh"]'],
});

/** @typedef {typeof SANDBOX | typeof FENCE} Recipe */

/** The label that says which recipe an image was made from. */
export const RECIPE_LABEL = 'risoluto.recipe';

export const SCRIPTS = join(ROOT, 'scripts');

/** @param {Recipe} recipe */
export function recipeHash(recipe) {
  const hash = createHash('sha256').update(process.arch);
  for (const file of recipe.context)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(SCRIPTS, file)));
  return hash.digest('hex').slice(0, 16);
}
