import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { INSTALLATION } from './installation.js';

/** The version of this installation, from its `package.json`. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(INSTALLATION, 'package.json'), 'utf8'));
  const version: unknown =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? manifest.version
      : undefined;
  if (typeof version !== 'string') throw new Error('package.json has no version');
  return version;
}
