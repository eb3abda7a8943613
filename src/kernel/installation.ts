import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The directory of the `package.json` that this code belongs to, built or not. */
export const INSTALLATION: string = nearestPackage(import.meta.dirname);

function nearestPackage(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  if (dirname(directory) === directory) throw new Error('package.json is missing');
  return nearestPackage(dirname(directory));
}
