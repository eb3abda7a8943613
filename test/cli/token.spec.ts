import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startService } from '../support/service.js';
import { risoluto } from './risoluto.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/risoluto.js', import.meta.url));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'risoluto-token-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('risoluto token new', () => {
  it('prints a line for the environment on standard output and the advice beside it', async () => {
    const { code, stdout, stderr } = await risoluto(['token', 'new']);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^RISOLUTO_WRITE_TOKEN=[\w-]{43}\n$/),
    ]);
    expect(stderr).toContain('environment of the service');
    expect(stderr).not.toContain(stdout.trim().split('=')[1]);
  });

  it('makes another one each time, of at least 256 bits', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => risoluto(['token', 'new', '--read', '--json'])),
    );
    const tokens = answers.map(({ stdout, stderr }) => {
      expect(stderr).toBe('');
      const answer = JSON.parse(stdout) as { name: string; token: string };
      expect(answer.name).toBe('RISOLUTO_READ_TOKEN');
      return answer.token;
    });
    expect(new Set(tokens).size).toBe(4);
    for (const token of tokens) {
      expect(Buffer.from(token, 'base64url').length).toBeGreaterThanOrEqual(32);
    }
  });

  it('goes into a file that the service starts from, and stores nothing else', async () => {
    const line = `umask 077; '${process.execPath}' '${PROGRAM}' token new >> risoluto.env 2>/dev/null`;
    execFileSync('sh', ['-c', line], { cwd: directory });
    expect(readdirSync(directory)).toEqual(['risoluto.env']);
    const [name = '', token = ''] = readFileSync(join(directory, 'risoluto.env'), 'utf8')
      .trimEnd()
      .split('=');
    const service = await startService({ env: { [name]: token } });
    try {
      const body = { value: 'value' };
      const without = await service.api('PUT', '/api/v1/secrets/A', { body });
      const within = await service.api('PUT', '/api/v1/secrets/A', { body, token });
      expect([without.status, within.status]).toEqual([401, 204]);
    } finally {
      await service.stop();
    }
  });

  it('takes nothing else', async () => {
    expect((await risoluto(['token', 'new', 'my-own-token'])).code).toBe(120);
    expect((await risoluto(['token'])).code).toBe(120);
  });
});
