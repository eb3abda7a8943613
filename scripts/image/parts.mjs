// Fetches what Dockerfile.sandbox copies and the repository does not hold: `npm run image:parts`.
import { printFailure } from '../lib/setup-error.mjs';
import { SANDBOX } from './recipe.mjs';
import { bringParts } from './registry-build.mjs';

try {
  const parts = await bringParts(SANDBOX, (line) => console.log(line));
  for (const part of parts) console.log(`scripts/${part}`);
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
