import { link, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { takeBits } from './file-modes.js';

describe('takeBits', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'modes-'))));
  afterEach(() => rm(directory, { recursive: true }));

  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

  it('takes bits from a file, and leaves one alone that has other names or is a link', async () => {
    const [ours, foreign] = [join(directory, 'ours'), join(directory, 'foreign')];
    await Promise.all([ours, foreign].map((path) => writeFile(path, '', { mode: 0o644 })));
    await takeBits(ours, 0o077);
    expect(await modeOf(ours)).toBe(0o600);
    await link(foreign, join(directory, 'hard'));
    await symlink(foreign, join(directory, 'soft'));
    await expect(takeBits(join(directory, 'hard'), 0o077)).rejects.toMatchObject({
      code: 'EMLINK',
    });
    await expect(takeBits(join(directory, 'soft'), 0o077)).rejects.toMatchObject({ code: 'ELOOP' });
    expect(await modeOf(foreign)).toBe(0o644);
  });

  it('takes bits from a directory, which has a name for each one in it', async () => {
    await takeBits(directory, 0o777 & ~0o700);
    expect(await modeOf(directory)).toBe(0o700);
  });
});
