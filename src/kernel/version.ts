import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version in the `package.json` that this code belongs to, built or not. */
export const VERSION: string = readVersion(import.meta.dirname);

function readVersion(directory: string): string {
  const file = join(directory, 'package.json');
  if (!existsSync(file)) {
    if (dirname(directory) === directory) throw new Error('package.json is missing');
    return readVersion(dirname(directory));
  }
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const version: unknown =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? manifest.version
      : undefined;
  if (typeof version !== 'string') throw new Error('package.json has no version');
  return version;
}
