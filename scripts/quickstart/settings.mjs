import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { ROOT } from '../lib/paths.mjs';
import { say } from '../lib/progress.mjs';
import { SetupError } from '../lib/setup-error.mjs';

/** Where the service that quickstart starts lives, by the same variables that the service reads. */
export const DATA_DIR = resolve(ROOT, process.env.DATA_DIR || '.risoluto');
const PORT = process.env.RISOLUTO_PORT || '4000';
const BIND = process.env.RISOLUTO_BIND || '127.0.0.1';

/** How this machine reaches it. */
export const SERVICE_URL = `http://${reachable(BIND)}:${PORT}`;

/** @param {string} bind */
function reachable(bind) {
  if (bind === '0.0.0.0') return '127.0.0.1';
  if (bind === '::') return '[::1]';
  return bind.includes(':') ? `[${bind}]` : bind;
}

/**
 * A master key, in a file that only its owner reads, unless the environment has one.
 *
 * @returns {Record<string, string>} what the service's environment needs besides
 */
export function ensureMasterKey() {
  mkdirSync(DATA_DIR, { recursive: true, mode: 0o700 });
  if (process.env.MASTER_KEY || process.env.MASTER_KEY_FILE) {
    say('the master key is the one of the environment');
    return {};
  }
  const file = join(DATA_DIR, 'master.key');
  if (existsSync(file)) {
    say(`the master key is in ${file}`);
  } else if (existsSync(join(DATA_DIR, 'risoluto.db'))) {
    throw new SetupError(`${DATA_DIR} has been used with a master key that is not there`, [
      'set MASTER_KEY or MASTER_KEY_FILE to that key, or DATA_DIR to another directory',
    ]);
  } else {
    writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    say(`made a master key: ${file}`);
    say('BACK IT UP, apart from the data: without it no stored secret can be read again.');
  }
  return { MASTER_KEY_FILE: file };
}
