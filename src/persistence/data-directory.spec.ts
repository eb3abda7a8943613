import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import {
  removeTemporaryDirectories,
  temporaryDirectory,
} from '../../test/support/temporary-database.js';
import { StartupError } from '../kernel/startup-error.js';
import { DataDirectory, writeNewFile } from './data-directory.js';

afterAll(removeTemporaryDirectories);

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

describe('DataDirectory', () => {
  it('is made with mode 0700, whatever the umask', () => {
    const root = join(temporaryDirectory(), 'deep', 'data');
    const before = process.umask(0);
    try {
      DataDirectory.open(root);
    } finally {
      process.umask(before);
    }
    expect(modeOf(root)).toBe(0o700);
    expect(modeOf(join(root, 'instance-id'))).toBe(0o600);
  });

  it('closes an existing directory to others', () => {
    const root = temporaryDirectory();
    chmodSync(root, 0o755);
    DataDirectory.open(root);
    expect(modeOf(root)).toBe(0o700);
  });

  it('refuses one that other users share', () => {
    const root = temporaryDirectory();
    chmodSync(root, 0o1777);
    expect(() => DataDirectory.open(root)).toThrow(StartupError);
    expect(modeOf(root)).toBe(0o1777);
  });

  it('refuses a file in its place with one line', () => {
    const root = join(temporaryDirectory(), 'file');
    writeFileSync(root, '');
    expect(() => DataDirectory.open(root)).toThrow(/^DATA_DIR .* cannot be used: EEXIST$/);
  });

  it('keeps its instance id, and tells another directory apart', () => {
    const root = temporaryDirectory();
    const { instanceId } = DataDirectory.open(root);
    expect(instanceId).toMatch(/^[0-9a-f]{16}$/);
    expect(DataDirectory.open(root).instanceId).toBe(instanceId);
    expect(DataDirectory.open(temporaryDirectory()).instanceId).not.toBe(instanceId);
  });

  it('does not make up for a damaged instance id', () => {
    const root = temporaryDirectory();
    writeFileSync(join(root, 'instance-id'), '../../x');
    expect(() => DataDirectory.open(root)).toThrow('damaged');
  });
});

describe('writeNewFile', () => {
  it('never replaces what is there and leaves no draft', () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'd'));
    const file = join(root, 'd', 'key');
    writeNewFile(file, 'one');
    expect(() => writeNewFile(file, 'two')).toThrow('EEXIST');
    expect(readFileSync(file, 'utf8')).toBe('one');
    expect(statSync(join(root, 'd')).nlink).toBe(2);
  });
});
