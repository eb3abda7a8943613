import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { INSTALLATION } from '../../kernel/installation.js';

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost):\d{1,5}$/;

/**
 * Where `npm run quickstart` of this very installation put its service; `null` where it never ran.
 * Looked for beside the program and not in the working directory, and believed only when it is on
 * loopback: a checked-out repository must not decide where a token is sent.
 */
export function quickstartUrl(): string | null {
  try {
    const record: unknown = JSON.parse(
      readFileSync(join(INSTALLATION, '.risoluto/quickstart.json'), 'utf8'),
    );
    if (typeof record !== 'object' || record === null || !('url' in record)) return null;
    return typeof record.url === 'string' && LOOPBACK.test(record.url) ? record.url : null;
  } catch {
    return null;
  }
}
