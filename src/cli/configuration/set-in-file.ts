import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';

import { parseYaml, type YamlFile } from '../../config/yaml-file.js';
import { settingsProblems } from '../../judged-settings.js';
import { usageError } from '../service-command.js';
import { NotSettable, withKeySet } from './set-key.js';

export interface KeyChange {
  /** Absolute. */
  readonly file: string;
  readonly changed: boolean;
}

/**
 * Sets one key of `risoluto.yaml`, and makes the file where there is none. It is replaced whole, and only
 * by one that the service would start with as far as the file goes.
 * @throws CliError `usage`, and the file is as it was
 */
export function setInFile(named: string, key: string, value: string): KeyChange {
  const file = existsSync(named) ? realpathSync(named) : resolve(named);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const after = edited(before, key, value);
  const problems: string[] = [];
  const yaml = parseYaml(after, file, (problem) => problems.push(problem));
  if (yaml !== null) problems.push(...judged(yaml, file));
  if (problems.length > 0) {
    throw usageError('the service would not start with that', problems.join('\n'));
  }
  if (after !== before) replaceFile(file, after);
  return { file, changed: after !== before };
}

function judged({ settings, configuredKeys }: YamlFile, file: string): string[] {
  const found = settingsProblems({ ...settings, configuredKeys });
  return found.map(({ key, rule }) => `${file}: ${key}: ${rule}`);
}

function edited(before: string, key: string, value: string): string {
  try {
    return withKeySet(before, key, value);
  } catch (error) {
    if (!(error instanceof NotSettable)) throw error;
    throw usageError(`${key} cannot be set: ${error.message}`);
  }
}

/** Mode and owner stay; of a new file, what the umask leaves. */
function replaceFile(file: string, content: string): void {
  const old = existsSync(file) ? statSync(file) : null;
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  const descriptor = openSync(draft, 'wx', old === null ? 0o666 : old.mode & 0o777);
  try {
    writeSync(descriptor, content);
    fsyncSync(descriptor);
    if (old !== null && old.uid !== process.getuid?.()) chownSync(draft, old.uid, old.gid);
    renameSync(draft, file);
  } finally {
    closeSync(descriptor);
    rmSync(draft, { force: true });
  }
}
