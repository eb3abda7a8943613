import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import {
  removeTemporaryDirectories,
  temporaryDirectory,
} from '../../../../test/support/temporary-database.js';
import { authFilePath, readAuthFile } from './auth-file.js';

afterAll(removeTemporaryDirectories);

const TOKENS = { id_token: 'i', access_token: 'canary-a', refresh_token: 'canary-r' };

function written(content: unknown, mode = 0o600): string {
  const path = join(temporaryDirectory(), 'auth.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(path, mode);
  return path;
}

async function problemOf(path: string): Promise<string> {
  const read = await readAuthFile(path);
  return 'problem' in read ? read.problem : 'none';
}

describe('an auth.json of Codex', () => {
  it('is read for its tokens, or for its key where it says so or has no other', async () => {
    const both = { OPENAI_API_KEY: ' sk-1 ', tokens: { ...TOKENS, account_id: 'acc' } };
    expect(await readAuthFile(written(both))).toMatchObject({
      login: { tokens: { access: 'canary-a', refresh: 'canary-r', id: 'i', account: 'acc' } },
    });
    const key = { login: { apiKey: 'sk-1', tokens: null } };
    expect(await readAuthFile(written({ ...both, auth_mode: 'apikey' }))).toMatchObject(key);
    expect(await readAuthFile(written({ OPENAI_API_KEY: 'sk-1', tokens: null }))).toMatchObject(
      key,
    );
  });

  it.each([0o640, 0o604, 0o620, 0o660, 0o601])('is refused with the mode %o', async (mode) => {
    expect(await problemOf(written({ tokens: TOKENS }, mode))).toMatch(/chmod 600/);
  });

  it('is refused where it is a link, no file, or not there', async () => {
    const path = written({ tokens: TOKENS });
    const link = `${path}.link`;
    symlinkSync(path, link);
    expect(await problemOf(link)).toMatch(/is a link, and must be the file itself/);
    mkdirSync(`${path}.d`);
    expect(await problemOf(`${path}.d`)).toMatch(/no regular file/);
    expect(await problemOf(`${path}.none`)).toMatch(/does not exist: log in/);
  });

  it.each([
    ['{"tokens":', /is no auth\.json/],
    [{ tokens: { access_token: 'canary' } }, /is no auth\.json/],
    [{}, /neither tokens nor a key/],
    [{ OPENAI_API_KEY: '' }, /neither tokens nor a key/],
    [{ tokens: { ...TOKENS, access_token: 'canary\r\nHost: x' } }, /no header can carry/],
    ['x'.repeat(70_000), /too large/],
  ])('is refused with the content %j, without a word of it', async (content, problem) => {
    const told = await problemOf(written(content));
    expect(told).toMatch(problem);
    expect(told).not.toContain('canary');
  });

  it('is the one in the home of the service where the setting names none', () => {
    expect(authFilePath(true)).toBe(join(homedir(), '.codex', 'auth.json'));
    expect(authFilePath('/srv/auth.json')).toBe('/srv/auth.json');
  });
});
