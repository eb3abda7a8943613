import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import { StartupError } from '../kernel/startup-error.js';
import { writeNewFile, type DataDirectory } from '../persistence/data-directory.js';

const KEY_TEXT = /^[0-9a-f]{64}$/;

/**
 * The key of which the credentials of sandboxes at the gateway are made: `$DATA_DIR/egress.key`, 64 hex
 * digits, made where it is missing. Without the old one, sandboxes of before are refused.
 *
 * @throws StartupError when it is damaged.
 */
export function loadEgressKey(directory: DataDirectory): Buffer {
  const file = directory.path('egress.key');
  if (!existsSync(file)) {
    writeNewFile(file, `${randomBytes(32).toString('hex')}\n`);
    directory.sync();
  }
  const text = readFileSync(file, 'utf8').trim();
  if (!KEY_TEXT.test(text)) {
    throw new StartupError(`${file} is damaged: remove it, and a new one is made`);
  }
  return Buffer.from(text, 'hex');
}
