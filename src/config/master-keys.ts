import { readFileSync } from 'node:fs';

import { Redacted } from '../kernel/redacted.js';
import type { Settings } from './settings.js';

/** The master key and, while it takes the place of another one, that other one. */
export function readMasterKeys(
  get: (name: string) => string | undefined,
  report: (problem: string) => void,
): Pick<Settings, 'masterKey' | 'previousMasterKey'> {
  const masterKey = readKey('MASTER_KEY', get, report);
  const previousMasterKey = readKey('MASTER_KEY_PREVIOUS', get, report);
  if (previousMasterKey !== null && masterKey === null) {
    report('MASTER_KEY_PREVIOUS: is for a change of the key; set the new one as MASTER_KEY');
  }
  if (previousMasterKey !== null && previousMasterKey.reveal() === masterKey?.reveal()) {
    report('MASTER_KEY_PREVIOUS: is the same as MASTER_KEY; unset it, or set the new key');
  }
  return { masterKey, previousMasterKey };
}

function readKey(
  name: string,
  get: (name: string) => string | undefined,
  report: (problem: string) => void,
): Redacted | null {
  const key = get(name);
  const file = get(`${name}_FILE`);
  if (key !== undefined && file !== undefined) {
    report(`${name}: set it or ${name}_FILE, not both`);
    return null;
  }
  if (file === undefined) return key === undefined ? null : new Redacted(key);
  return readKeyFile(file, (fault) => report(`${name}_FILE: ${fault}`));
}

/** The key that a file holds; `null` once the fault has been reported. */
export function readKeyFile(file: string, report: (fault: string) => void): Redacted | null {
  try {
    // An editor or `openssl rand` ends the file with a newline that is no part of the key.
    const content = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (content !== '') return new Redacted(content);
    report('the file is empty');
  } catch (error) {
    report(`the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`);
  }
  return null;
}
