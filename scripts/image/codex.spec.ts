import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { checkIntegrity, CODEX } from './codex.mjs';

describe('the pinned Codex', () => {
  let directory = '';
  let file = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'codex-pin-'));
    file = join(directory, 'package.tgz');
    await writeFile(file, 'abc');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const OF_ABC =
    'sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==';

  it('is taken when its digest is the pinned one', async () => {
    await expect(checkIntegrity(file, OF_ABC)).resolves.toBeUndefined();
  });

  it('is refused when a byte differs', async () => {
    await writeFile(file, 'abd');
    await expect(checkIntegrity(file, OF_ABC)).rejects.toThrow('is not the one that');
  });

  it.each(Object.entries(CODEX.platforms))('names one release and digest for %s', (arch, pin) => {
    expect(pin.release).toBe(`${CODEX.version}-linux-${arch}`);
    expect(pin.integrity).toMatch(/^sha512-[\w+/]{86}==$/);
  });
});
